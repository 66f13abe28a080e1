import * as tf from '../../engine/tfjs.ts';
import type { KlEstimator } from './types.ts';

/** The k3 estimate, exp(d) − d − 1 with d = log π_ref − log π: unbiased, never negative, low variance. */
export const k3: KlEstimator = {
  of: (logprob, refLogprob) => k3Of(refLogprob - logprob),
  tensor: (logprobs, refLogprobs) => k3Tensor(tf.sub(refLogprobs, logprobs)),
};

export const k3Of = (d: number) => Math.exp(d) - d - 1;
export const k3Tensor = (d: tf.Tensor) => tf.sub(tf.sub(tf.exp(d), d), tf.scalar(1));
