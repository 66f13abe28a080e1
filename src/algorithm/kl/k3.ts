import * as tf from '../../engine/tfjs.ts';

/**
 * The k3 estimate of KL(π‖π_ref) at a sampled token: exp(d) − d − 1 with d = log π_ref − log π.
 * Unbiased, never negative, low variance. http://joschu.net/blog/kl-approx.html
 */
export function k3(logprobs: tf.Tensor, refLogprobs: tf.Tensor): tf.Tensor {
  const d = tf.sub(refLogprobs, logprobs);
  return tf.sub(tf.sub(tf.exp(d), d), tf.scalar(1));
}
