import * as tf from '../../../engine/tfjs.ts';
import { constantOf } from '../../statistics/stop-gradient.ts';
import type { LossDefinition, PolicyTerms, Surrogate } from '../terms/types.ts';

/**
 * SAPO (soft adaptive policy optimisation), https://arxiv.org/abs/2511.20347: a sigmoid gate in place of the clip,
 * −(4/τ)·σ(τ(r − 1))·A, whose slope is 1 at r = 1 and fades on both sides. τ is sapoTemperaturePositive where A > 0,
 * else sapoTemperatureNegative (the default is steeper); as in TRL, A = 0 counts as negative.
 */
const surrogate: Surrogate = (terms) => ({ tokenLoss: softGate(terms.ratio, terms), metrics: {} });

/** −(4/τ)·σ(τ(r − 1))·A for any ratio. */
export function softGate(ratio: tf.Tensor, { advantages, hyper }: PolicyTerms): tf.Tensor {
  const temperature = constantOf(
    (a) => tf.where(tf.greater(a, tf.scalar(0)), hyper.sapoPositive!, hyper.sapoNegative!),
    advantages,
  );
  const gate = tf.sigmoid(tf.mul(temperature, tf.sub(ratio, tf.scalar(1))));
  const soft = tf.mul(gate, tf.div(tf.scalar(4), temperature));
  return tf.neg(tf.mul(soft, advantages));
}

/** The two temperatures. */
export const sapoOptions = { sapoTemperaturePositive: 1, sapoTemperatureNegative: 1.05 };

export const sapo: LossDefinition = {
  surrogate,
  options: { ...sapoOptions, importanceLevel: 'token' },
  advantage: { estimator: 'grpo' },
  hyper: (config) => ({
    sapoPositive: config.sapoTemperaturePositive ?? sapoOptions.sapoTemperaturePositive,
    sapoNegative: config.sapoTemperatureNegative ?? sapoOptions.sapoTemperatureNegative,
  }),
  aggregation: 'seq-mean-token-mean',
};
