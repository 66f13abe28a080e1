import type { Named } from '../../engine/engine.ts';
import * as tf from '../../engine/tfjs.ts';
import { tokenMean } from './terms/metrics.ts';
import type { LossResult } from './terms/types.ts';
import { weightedSum } from './terms/weighted-sum.ts';

/** What the value loss reads, tensors [B, T] of one micro-batch. */
export interface ValueInputs {
  /** Values predicted now; the loss is differentiated through them. */
  readonly values: tf.Tensor;
  /** Values recorded with the rollout. */
  readonly oldValues: tf.Tensor;
  readonly returns: tf.Tensor;
  /** 1 where a value is trained (TRL: one position further than the policy's mask). */
  readonly mask: tf.Tensor;
  /** Weights of the optimiser batch under `mask`, as for the policy loss. */
  readonly lossWeights: tf.Tensor;
  /** valueClip, and tokens: loss positions of the optimiser batch under `mask`. */
  readonly hyper: Named<tf.Tensor>;
}

/**
 * PPO's clipped value loss, ½·Σ w·max((v − R)², (clip(v, v_old ± valueClip) − R)²), the same in TRL and verl.
 * Metric val/clipfrac_avg is the share of positions where the clipped term was the worse one.
 */
export function valueLoss(inputs: ValueInputs): LossResult {
  const { hyper, lossWeights, mask, oldValues, returns, values } = inputs;
  const low = tf.sub(oldValues, hyper.valueClip!);
  const high = tf.add(oldValues, hyper.valueClip!);
  const free = tf.square(tf.sub(values, returns));
  const bounded = tf.square(tf.sub(tf.minimum(tf.maximum(values, low), high), returns));
  // Only the mask's positions reach the gradient: elsewhere the weight is 0.
  const loss = tf.mul(tf.scalar(0.5), weightedSum(tf.maximum(free, bounded), lossWeights));
  const clipped = tf.cast(tf.greater(bounded, free), 'float32');
  return { loss, metrics: { 'val/clipfrac_avg': tokenMean(clipped, { mask, hyper }) } };
}
