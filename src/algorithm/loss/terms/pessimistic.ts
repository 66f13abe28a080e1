import * as tf from '../../../engine/tfjs.ts';
import type { PolicyTerms } from './types.ts';

/**
 * PPO's pessimistic token loss max(−r·A, −clip(r)·A) for any ratio, and where the clipped branch was the worse one.
 * Reads hyper clipLow and clipHigh.
 */
export function pessimistic(ratio: tf.Tensor, { advantages, hyper }: PolicyTerms) {
  const free = tf.mul(ratio, advantages);
  const bounded = tf.mul(tf.minimum(tf.maximum(ratio, hyper.clipLow!), hyper.clipHigh!), advantages);
  return {
    tokenLoss: tf.neg(tf.minimum(free, bounded)),
    clipped: tf.cast(tf.less(bounded, free), 'float32'),
  };
}
