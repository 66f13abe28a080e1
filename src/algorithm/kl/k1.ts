import * as tf from '../../engine/tfjs.ts';
import type { KlEstimator } from './types.ts';

/** The k1 estimate of KL(π‖π_ref) at a sampled token, log π − log π_ref: unbiased, of any sign, high variance. */
export const k1: KlEstimator = {
  of: (logprob, refLogprob) => logprob - refLogprob,
  tensor: (logprobs, refLogprobs) => tf.sub(logprobs, refLogprobs),
};
