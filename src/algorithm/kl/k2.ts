import * as tf from '../../engine/tfjs.ts';
import type { KlEstimator } from './types.ts';

/** The k2 estimate, ½(log π − log π_ref)²: biased, but its gradient estimates the gradient of the KL without bias. */
export const k2: KlEstimator = {
  of: (logprob, refLogprob) => 0.5 * (logprob - refLogprob) ** 2,
  tensor: (logprobs, refLogprobs) => tf.mul(tf.scalar(0.5), tf.square(tf.sub(logprobs, refLogprobs))),
};
