import * as tf from '../../../engine/tfjs.ts';
import { clipBounds } from '../terms/clipped.ts';
import { tokenMean } from '../terms/metrics.ts';
import { pessimistic } from '../terms/pessimistic.ts';
import type { LossConfig, LossDefinition, PolicyTerms, Surrogate } from '../terms/types.ts';
import { clampedLogRatio, verlMetrics } from '../terms/verl-metrics.ts';

/**
 * PPO's clipped policy loss, https://arxiv.org/abs/1707.06347, averaged over tokens. With `dualClip` c the loss of a
 * token with negative advantage is capped at −c·A (dual clip, https://arxiv.org/abs/1912.09729), so that a huge ratio
 * cannot blow it up. verl's `vanilla` is compat 'verl', which bounds log-ratios by ±20; TRL's PPO has no dual clip.
 */
const surrogate: Surrogate = (terms, config) => {
  const { compat, dualClip } = config;
  const { advantages, hyper } = terms;
  const logRatio = compat === 'verl' ? clampedLogRatio(terms.logRatio) : terms.logRatio;
  const ratio = tf.exp(logRatio);
  const { tokenLoss, clipped } = pessimistic(ratio, terms);
  if (dualClip === undefined)
    return { tokenLoss, metrics: metrics(terms, config, { logRatio, ratio, clipped }) };
  const negative = tf.cast(tf.less(advantages, tf.scalar(0)), 'float32');
  const cap = tf.neg(tf.mul(advantages, hyper.dualClip!));
  const lower = tf.mul(tf.cast(tf.greater(tokenLoss, cap), 'float32'), negative);
  const capped = tf.minimum(tokenLoss, cap);
  // Chosen by arithmetic: a where on the sign would be on the gradient's path.
  const chosen = tf.add(tf.mul(capped, negative), tf.mul(tokenLoss, tf.sub(tf.scalar(1), negative)));
  return { tokenLoss: chosen, metrics: metrics(terms, config, { logRatio, ratio, clipped, lower }) };
};

interface Measured {
  readonly logRatio: tf.Tensor;
  readonly ratio: tf.Tensor;
  readonly clipped: tf.Tensor;
  readonly lower?: tf.Tensor;
}

function metrics(
  terms: PolicyTerms,
  { compat, meansOverPadding }: LossConfig,
  measured: Measured,
): Record<string, tf.Tensor> {
  if (compat === 'verl') return verlMetrics(terms, measured);
  const { logRatio, ratio, clipped, lower } = measured;
  const half = tf.mul(tf.scalar(0.5), tf.square(logRatio));
  const mean = (x: tf.Tensor) =>
    meansOverPadding ? tf.div(tf.sum(x), terms.hyper.positions!) : tokenMean(x, terms);
  return {
    'policy/clipfrac_avg': tokenMean(clipped, terms),
    'policy/approxkl_avg': mean(half),
    'val/ratio': mean(ratio),
    ...(lower && { 'policy/clipfrac_lower_avg': tokenMean(lower, terms) }),
  };
}

export const ppo: LossDefinition = {
  surrogate,
  options: { clipEpsilon: 0.2, clipEpsilonHigh: undefined, dualClip: undefined },
  advantage: { estimator: 'gae' },
  hyper: (config) => ({
    ...clipBounds(config),
    ...(config.dualClip !== undefined && { dualClip: config.dualClip }),
  }),
  aggregation: 'token-mean',
};
