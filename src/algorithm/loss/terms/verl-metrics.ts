import * as tf from '../../../engine/tfjs.ts';
import { tokenMean } from './metrics.ts';
import type { PolicyTerms } from './types.ts';

/** The bound within which verl keeps log-ratios; no gradient beyond. */
export const clampedLogRatio = (logRatio: tf.Tensor) => tf.clipByValue(logRatio, -20, 20);

/** verl's metrics of a policy loss: shares of tokens clipped, and the mean of old − new log-prob. */
export function verlMetrics(
  terms: PolicyTerms,
  { logRatio, clipped, lower }: { logRatio: tf.Tensor; clipped?: tf.Tensor; lower?: tf.Tensor },
): Record<string, tf.Tensor> {
  return {
    'actor/pg_clipfrac': clipped === undefined ? tf.scalar(0) : tokenMean(clipped, terms),
    'actor/ppo_kl': tokenMean(tf.neg(logRatio), terms),
    'actor/pg_clipfrac_lower': lower === undefined ? tf.scalar(0) : tokenMean(lower, terms),
  };
}
