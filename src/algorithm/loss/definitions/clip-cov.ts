import * as tf from '../../../engine/tfjs.ts';
import { clipBounds } from '../terms/clipped.ts';
import { clipCovSelection } from '../terms/covariance-selection.ts';
import { tokenMean } from '../terms/metrics.ts';
import { pessimistic } from '../terms/pessimistic.ts';
import type { LossDefinition, Surrogate } from '../terms/types.ts';

/**
 * Clip-Cov, https://arxiv.org/abs/2505.22617: PPO's clipped loss from which a few tokens with a high covariance of
 * advantage and log-prob are dropped, those that drive entropy down. Which tokens is a property of the optimiser batch:
 * `covarianceSelection` chooses, and they come in as `selected`.
 */
const surrogate: Surrogate = (terms) => {
  const { inputs, logRatio } = terms;
  const { tokenLoss } = pessimistic(terms.ratio, terms);
  const dropped = inputs.selected!;
  return {
    tokenLoss: tf.mul(tokenLoss, tf.sub(tf.scalar(1), dropped)),
    metrics: {
      'actor/pg_clipfrac': tokenMean(dropped, terms),
      'actor/ppo_kl': tokenMean(tf.neg(logRatio), terms),
    },
  };
};

const covariance = { share: 2e-4, lower: 1, upper: 5 };

export const clipCov: LossDefinition = {
  surrogate,
  select: (batch, config, random) =>
    clipCovSelection(batch, { ...config, ...covariance, ...config.covariance }, random),
  hyper: clipBounds,
  options: {
    clipEpsilon: 0.2,
    clipEpsilonHigh: undefined,
    covariance,
  },
  advantage: { estimator: 'grpo' },
  aggregation: 'token-mean',
  level: 'token',
};
