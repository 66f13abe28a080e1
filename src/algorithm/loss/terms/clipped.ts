import * as tf from '../../../engine/tfjs.ts';
import { InputError } from '../../../errors.ts';
import { rowExtreme, termMean } from './metrics.ts';
import type { LossConfig, PolicyTerms, Surrogate } from './types.ts';

/**
 * The clipped surrogate of PPO, −min(r·A, clip(r, 1−ε, 1+ε_high)·A), https://arxiv.org/abs/1707.06347; the upper
 * bound of its own is DAPO's clip-higher, https://arxiv.org/abs/2503.14476.
 * `delta` bounds the ratio of the unclipped branch from above (two-sided clipping, https://arxiv.org/abs/2505.07291).
 * As in TRL, clip_ratio/* are measured on the ratio after `delta`.
 */
export const clipped: Surrogate = (terms, config) => {
  const { advantages, hyper } = terms;
  const inRange = tf.minimum(tf.maximum(terms.ratio, hyper.clipLow!), hyper.clipHigh!);
  const ratio = config.delta === undefined ? terms.ratio : tf.minimum(terms.ratio, hyper.delta!);
  const tokenLoss = tf.neg(tf.minimum(tf.mul(ratio, advantages), tf.mul(inRange, advantages)));
  return { tokenLoss, metrics: clipMetrics(terms, ratio) };
};

/** What the clipped surrogate reads, at PPO's range. */
export const clippedOptions = { clipEpsilon: 0.2, clipEpsilonHigh: undefined, delta: undefined } as const;

/** How far a ratio may go below and above 1. @throws InputError without clipEpsilon. */
export function clipRange({
  name,
  clipEpsilon,
  clipEpsilonHigh,
}: Pick<LossConfig, 'name' | 'clipEpsilon' | 'clipEpsilonHigh'>): {
  readonly low: number;
  readonly high: number;
} {
  if (clipEpsilon === undefined)
    throw new InputError(`${name} needs clipEpsilon, its clip range (such as 0.2)`);
  return { low: clipEpsilon, high: clipEpsilonHigh ?? clipEpsilon };
}

/** The bounds 1 − clipEpsilon and 1 + clipEpsilonHigh, and delta. @throws InputError without clipEpsilon. */
export function clipBounds(config: LossConfig): Record<string, number> {
  const { low, high } = clipRange(config);
  return {
    clipLow: 1 - low,
    clipHigh: 1 + high,
    ...(config.delta !== undefined && { delta: config.delta }),
  };
}

/** Shares of tokens (or sequences) whose ratio lies beyond a bound in the direction of the advantage, TRL's names. */
export function clipMetrics(terms: PolicyTerms, ratio: tf.Tensor): Record<string, tf.Tensor> {
  const { advantages, hyper } = terms;
  const both = (a: tf.Tensor, b: tf.Tensor) => tf.cast(tf.logicalAnd(a, b), 'float32');
  const low = both(tf.less(ratio, hyper.clipLow!), tf.less(advantages, tf.scalar(0)));
  const high = both(tf.greater(ratio, hyper.clipHigh!), tf.greater(advantages, tf.scalar(0)));
  return {
    'clip_ratio/low_mean': termMean(low, terms),
    'clip_ratio/high_mean': termMean(high, terms),
    'clip_ratio/region_mean': termMean(tf.add(low, high), terms),
    'clip_ratio/low_min': rowExtreme('min', low, terms),
    'clip_ratio/high_max': rowExtreme('max', high, terms),
  };
}
