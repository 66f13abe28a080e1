import * as tf from '../../engine/tfjs.ts';
import { k3Of, k3Tensor } from './k3.ts';
import type { KlEstimator } from './types.ts';

/** verl's form of k3 (its `low_var_kl` and `k3`): d is clamped to ±20 and the estimate to ±10; no gradient beyond. */
export const lowVarKl: KlEstimator = {
  of: (logprob, refLogprob) => Math.min(10, k3Of(Math.min(20, Math.max(-20, refLogprob - logprob)))),
  tensor: (logprobs, refLogprobs) =>
    tf.clipByValue(k3Tensor(tf.clipByValue(tf.sub(refLogprobs, logprobs), -20, 20)), -10, 10),
};
