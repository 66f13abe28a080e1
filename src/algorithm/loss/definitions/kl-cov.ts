import { z } from 'zod';
import * as tf from '../../../engine/tfjs.ts';
import { fraction, nonNegative } from '../../../options/ranges.ts';
import { abs } from '../../kl/abs.ts';
import { klCovSelection } from '../terms/covariance-selection.ts';
import { tokenMean } from '../terms/metrics.ts';
import { aggregation } from '../terms/options.ts';
import { defineLoss, type PolicyTerms, type SurrogateResult } from '../terms/types.ts';

/**
 * KL-Cov, https://arxiv.org/abs/2505.22617: the unclipped −r·A, plus klCovCoef·|log-ratio| on the tokens with the
 * highest covariance of advantage and log-prob, which `select` chooses and which come in as `selected`.
 * As in verl, actor/ppo_kl is the mean |log-ratio| here.
 */
function surrogate(terms: PolicyTerms): SurrogateResult {
  const { advantages, hyper, inputs, logRatio, ratio } = terms;
  const distance = abs.tensor(logRatio, tf.zerosLike(logRatio));
  const penalty = tf.mul(tf.mul(distance, hyper.klCovCoef!), inputs.selected!);
  return {
    tokenLoss: tf.sub(penalty, tf.mul(ratio, advantages)),
    metrics: { 'actor/ppo_kl': tokenMean(distance, terms) },
  };
}

export const klCov = defineLoss({
  options: {
    // The paper's; verl's configuration starts from 0.1.
    klCovCoef: nonNegative.default(1).describe('weight of the absolute log-ratio on the selected tokens'),
    covariance: z
      .strictObject({ share: fraction.default(2e-4).describe('share of the tokens selected, at least one') })
      .prefault({})
      .describe('kl_cov: which tokens are penalised, `{ share }`'),
    ...aggregation('token-mean'),
  },
  surrogate,
  select: (batch, { covariance }) => klCovSelection(batch, covariance.share),
  advantage: { estimator: 'grpo' },
  level: 'token',
  pullsWithoutAdvantage: true,
});
