import * as tf from '../../../engine/tfjs.ts';
import type { PolicyTerms } from './types.ts';

/** This micro-batch's part of the mean of x over the optimiser batch's loss tokens (x [B, T]). */
export function tokenMean(x: tf.Tensor, terms: Pick<PolicyTerms, 'mask' | 'hyper'>): tf.Tensor {
  return tf.div(tf.sum(tf.mul(x, terms.mask)), terms.hyper.tokens!);
}

/**
 * The same for x [B, T]; for x [B, 1], one value a sequence, the mean over sequences, fully masked ones included.
 */
export function termMean(x: tf.Tensor, terms: PolicyTerms): tf.Tensor {
  return isPerSequence(x, terms) ? tf.div(tf.sum(x), terms.hyper.sequences!) : tokenMean(x, terms);
}

/** Least or greatest row mean of x; ±Infinity where no row has a token. */
export function rowExtreme(which: 'min' | 'max', x: tf.Tensor, terms: PolicyTerms): tf.Tensor {
  const reduce = which === 'min' ? (v: tf.Tensor) => tf.min(v) : (v: tf.Tensor) => tf.max(v);
  if (isPerSequence(x, terms)) return reduce(x);
  const counts = tf.sum(terms.mask, 1);
  const means = tf.div(tf.sum(tf.mul(x, terms.mask), 1), tf.maximum(counts, tf.scalar(1)));
  const nothing = tf.scalar(which === 'min' ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY);
  return reduce(tf.where(tf.greater(counts, tf.scalar(0)), means, nothing));
}

/** With one ratio a sequence, terms are [B, 1] unless advantages are [B, T]. */
const isPerSequence = (x: tf.Tensor, { level }: PolicyTerms) => level === 'sequence' && x.shape[1] === 1;

/**
 * Merges the metrics of a batch's micro-batches: names that end in `_min` or `_max` by that, all others by sum.
 * A minimum or maximum over nothing is NaN.
 */
export function combineMetrics(parts: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const merged: Record<string, number> = {};
  for (const part of parts) {
    for (const [name, value] of Object.entries(part)) {
      const before = merged[name];
      if (before === undefined) merged[name] = value;
      else if (name.endsWith('_min')) merged[name] = Math.min(before, value);
      else if (name.endsWith('_max')) merged[name] = Math.max(before, value);
      else merged[name] = before + value;
    }
  }
  for (const [name, value] of Object.entries(merged)) {
    if (/_(min|max)$/.test(name) && !Number.isFinite(value)) merged[name] = Number.NaN;
  }
  return merged;
}
