import * as tf from '../../engine/tfjs.ts';
import type { LossInputs } from './types.ts';

/**
 * Metrics ratio_min and ratio_max: how far the policy has moved from the one that sampled, exp(log π − log π_old) of the loss token
 * where it is least and where it is greatest. What lies far from 1 while nothing is clipped tells of a run about to fall apart.
 */
export function ratioExtremes({
  logprobs,
  oldLogprobs,
  mask,
}: Pick<LossInputs, 'logprobs' | 'oldLogprobs' | 'mask'>): Record<string, tf.Tensor> {
  if (oldLogprobs === undefined) return {};
  // Padding may hold anything, and counts as a ratio of 1.
  const logRatio = tf.mul(tf.sub(logprobs, oldLogprobs), mask);
  return { ratio_min: tf.exp(tf.min(logRatio)), ratio_max: tf.exp(tf.max(logRatio)) };
}
