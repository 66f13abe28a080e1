import * as tf from '../../engine/tfjs.ts';
import { tokenMean } from './terms/metrics.ts';
import type { LossInputs } from './terms/types.ts';

/**
 * How far the policy has moved from the one that sampled, by the ratio r = exp(log π − log π_old) of the loss tokens:
 * where it is least (ratio_min) and greatest (ratio_max), and approx_kl, the mean of (r − 1) − log r
 * (http://joschu.net/blog/kl-approx.html). Ratios far from 1 while nothing is clipped tell of a run about to fall
 * apart.
 */
export function ratioMetrics({
  logprobs,
  oldLogprobs,
  mask,
  hyper,
}: Pick<LossInputs, 'logprobs' | 'oldLogprobs' | 'mask' | 'hyper'>): Record<string, tf.Tensor> {
  if (oldLogprobs === undefined) return {};
  // Padding may hold anything.
  const logRatio = tf.mul(tf.sub(logprobs, oldLogprobs), mask);
  const kl = tf.sub(tf.sub(tf.exp(logRatio), tf.scalar(1)), logRatio);
  const inLoss = tf.greater(mask, tf.scalar(0));
  const of = (nothing: number) => tf.where(inLoss, logRatio, tf.scalar(nothing));
  return {
    ratio_min: tf.exp(tf.min(of(Number.POSITIVE_INFINITY))),
    ratio_max: tf.exp(tf.max(of(Number.NEGATIVE_INFINITY))),
    approx_kl: tokenMean(kl, { mask, hyper }),
  };
}
