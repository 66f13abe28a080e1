import * as tf from '../../../engine/tfjs.ts';
import { abs } from '../../kl/abs.ts';
import { klCovSelection } from '../terms/covariance-selection.ts';
import { tokenMean } from '../terms/metrics.ts';
import type { LossDefinition, Surrogate } from '../terms/types.ts';

/**
 * KL-Cov, https://arxiv.org/abs/2505.22617: the unclipped −r·A, plus klCovCoef·|log-ratio| on the tokens with the
 * highest covariance of advantage and log-prob, which come in as `selected` (see `covarianceSelection`).
 * As in verl, actor/ppo_kl is the mean |log-ratio| here.
 */
const surrogate: Surrogate = (terms) => {
  const { advantages, hyper, inputs, logRatio, ratio } = terms;
  const distance = abs.tensor(logRatio, tf.zerosLike(logRatio));
  const penalty = tf.mul(tf.mul(distance, hyper.klCovCoef!), inputs.selected!);
  return {
    tokenLoss: tf.sub(penalty, tf.mul(ratio, advantages)),
    metrics: { 'actor/ppo_kl': tokenMean(distance, terms) },
  };
};

const covariance = { share: 2e-4 };

export const klCov: LossDefinition = {
  surrogate,
  select: (batch, config) => klCovSelection(batch, (config.covariance ?? covariance).share),
  pullsWithoutAdvantage: true,
  hyper: ({ klCovCoef }) => ({ klCovCoef: klCovCoef ?? 1 }),
  // The paper's; verl's configuration starts from klCovCoef 0.1.
  options: { klCovCoef: 1, covariance },
  advantage: { estimator: 'grpo' },
  aggregation: 'token-mean',
  level: 'token',
};
