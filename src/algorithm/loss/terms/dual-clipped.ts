import * as tf from '../../../engine/tfjs.ts';
import { pessimistic } from './pessimistic.ts';
import type { PolicyTerms } from './types.ts';

/** PPO's policy term of each token, with what metrics are made of; all [B, T]. */
export interface DualClipped {
  readonly tokenLoss: tf.Tensor;
  readonly logRatio: tf.Tensor;
  readonly ratio: tf.Tensor;
  /** 1 where the clipped branch was the worse one. */
  readonly clipped: tf.Tensor;
  /** 1 where the dual clip acts. */
  readonly lower?: tf.Tensor;
}

/**
 * PPO's pessimistic loss at exp(logRatio); with a dual clip c capped at −c·A where the advantage is negative. Reads
 * hyper clipLow, clipHigh and dualClip.
 */
export function dualClipped(terms: PolicyTerms, logRatio: tf.Tensor, dualClip?: number): DualClipped {
  const { advantages, hyper } = terms;
  const ratio = tf.exp(logRatio);
  const { tokenLoss, clipped } = pessimistic(ratio, terms);
  if (dualClip === undefined) return { tokenLoss, logRatio, ratio, clipped };
  const negative = tf.cast(tf.less(advantages, tf.scalar(0)), 'float32');
  const cap = tf.neg(tf.mul(advantages, hyper.dualClip!));
  const lower = tf.mul(tf.cast(tf.greater(tokenLoss, cap), 'float32'), negative);
  const capped = tf.minimum(tokenLoss, cap);
  // Chosen by arithmetic: a where on the sign would be on the gradient's path.
  const chosen = tf.add(tf.mul(capped, negative), tf.mul(tokenLoss, tf.sub(tf.scalar(1), negative)));
  return { tokenLoss: chosen, logRatio, ratio, clipped, lower };
}
