import * as tf from '../../../engine/tfjs.ts';

/**
 * Token losses made one number: Σ_bt w_bt · x_bt with the optimiser batch's token weights (see aggregation.ts), so that
 * micro-batches add up. x [B, T] or [B, 1]; an entropy or KL term aggregates the same way.
 */
export function weightedSum(x: tf.Tensor, weights: tf.Tensor): tf.Tensor {
  return tf.sum(tf.mul(x, weights));
}
