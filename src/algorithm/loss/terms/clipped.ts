import * as tf from '../../../engine/tfjs.ts';
import { fraction, nonNegative, positive } from '../../../options/ranges.ts';
import { rowExtreme, termMean } from './metrics.ts';
import type { PolicyTerms, SurrogateResult } from './types.ts';

/** The clip range of a loss: 1 − low to 1 + high; symmetric without `high`. */
export const clipRange = (low: number, high?: number) => ({
  clipEpsilon: fraction.default(low).describe('the ratio may fall to 1 − clipEpsilon'),
  clipEpsilonHigh: (high === undefined ? nonNegative : nonNegative.default(high))
    .optional()
    .describe('the ratio may rise to 1 + clipEpsilonHigh; symmetric when clipEpsilon alone is given'),
});

export const delta = {
  delta: positive.optional().describe('upper bound of the ratio in the branch that is not clipped'),
};

/**
 * The clipped surrogate of PPO, −min(r·A, clip(r, 1−ε, 1+ε_high)·A), https://arxiv.org/abs/1707.06347; the upper
 * bound of its own is DAPO's clip-higher, https://arxiv.org/abs/2503.14476.
 * `delta` bounds the ratio of the unclipped branch from above (two-sided clipping, https://arxiv.org/abs/2505.07291).
 * As in TRL, clip_ratio/* are measured on the ratio after `delta`.
 */
export function clipped(
  terms: PolicyTerms,
  options: { readonly delta?: number | undefined },
): SurrogateResult {
  const { advantages, hyper } = terms;
  const inRange = tf.minimum(tf.maximum(terms.ratio, hyper.clipLow!), hyper.clipHigh!);
  const ratio = options.delta === undefined ? terms.ratio : tf.minimum(terms.ratio, hyper.delta!);
  const tokenLoss = tf.neg(tf.minimum(tf.mul(ratio, advantages), tf.mul(inRange, advantages)));
  return { tokenLoss, metrics: clipMetrics(terms, ratio) };
}

/** A clip range as a recipe gives it. */
export interface ClipRange {
  readonly clipEpsilon: number;
  readonly clipEpsilonHigh?: number | undefined;
}

/** The bounds 1 − clipEpsilon and 1 + clipEpsilonHigh, and delta. */
export function clipBounds(
  options: ClipRange & { readonly delta?: number | undefined },
): Record<string, number> {
  const { clipEpsilon, clipEpsilonHigh = clipEpsilon, delta } = options;
  return {
    clipLow: 1 - clipEpsilon,
    clipHigh: 1 + clipEpsilonHigh,
    ...(delta !== undefined && { delta }),
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
