import * as tf from '../../../engine/tfjs.ts';
import { positive } from '../../../options/ranges.ts';
import { constantOf } from '../../statistics/stop-gradient.ts';
import type { PolicyTerms } from './types.ts';

/** The steepness τ of the gate by the sign of the advantage. */
export const gateTemperatures = {
  sapoTemperaturePositive: positive
    .default(1)
    .describe('steepness of the gate where the advantage is positive'),
  sapoTemperatureNegative: positive
    .default(1.05)
    .describe('steepness of the gate where the advantage is 0 or negative'),
};

/** −(4/τ)·σ(τ(r − 1))·A for any ratio. */
export function softGate(ratio: tf.Tensor, { advantages, hyper }: PolicyTerms): tf.Tensor {
  const temperature = constantOf(
    (a) =>
      tf.where(tf.greater(a, tf.scalar(0)), hyper.sapoTemperaturePositive!, hyper.sapoTemperatureNegative!),
    advantages,
  );
  const gate = tf.sigmoid(tf.mul(temperature, tf.sub(ratio, tf.scalar(1))));
  const soft = tf.mul(gate, tf.div(tf.scalar(4), temperature));
  return tf.neg(tf.mul(soft, advantages));
}
