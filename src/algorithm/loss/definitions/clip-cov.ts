import { z } from 'zod';
import * as tf from '../../../engine/tfjs.ts';
import { fraction } from '../../../options/ranges.ts';
import { clipBounds, clipRange } from '../terms/clipped.ts';
import { clipCovSelection } from '../terms/covariance-selection.ts';
import { tokenMean } from '../terms/metrics.ts';
import { aggregation } from '../terms/options.ts';
import { pessimistic } from '../terms/pessimistic.ts';
import { defineLoss, type PolicyTerms, type SurrogateResult } from '../terms/types.ts';

/**
 * Clip-Cov, https://arxiv.org/abs/2505.22617: PPO's clipped loss from which a few tokens with a high covariance of
 * advantage and log-prob are dropped, those that drive entropy down. Which tokens is a property of the optimiser batch:
 * `select` chooses them, and they come in as `selected`.
 */
function surrogate(terms: PolicyTerms): SurrogateResult {
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
}

export const clipCov = defineLoss({
  options: {
    ...clipRange(0.2),
    covariance: z
      .strictObject({
        share: fraction.default(2e-4).describe('share of the tokens that are dropped, at least one'),
        lower: z.number().default(1).describe('tokens of a lesser covariance stay'),
        upper: z.number().default(5).describe('tokens of a greater covariance stay'),
      })
      .prefault({})
      .describe('clip_cov: which tokens are dropped, `{ share, lower, upper }`'),
    ...aggregation('token-mean'),
  },
  surrogate,
  hyper: clipBounds,
  select: (batch, { covariance, ...range }, random) =>
    clipCovSelection(batch, { ...range, ...covariance }, random),
  advantage: { estimator: 'grpo' },
  level: 'token',
});
