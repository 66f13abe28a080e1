import type * as tf from '../../engine/tfjs.ts';

/**
 * An estimate of KL(π‖π_ref) from one token sampled from π (http://joschu.net/blog/kl-approx.html): as a number, for
 * a penalty in the reward, and as a differentiable tensor, for a term of the loss.
 */
export interface KlEstimator {
  of(logprob: number, refLogprob: number): number;
  tensor(logprobs: tf.Tensor, refLogprobs: tf.Tensor): tf.Tensor;
}
