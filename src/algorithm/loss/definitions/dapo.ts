import { clipBounds, clipped, clippedOptions } from '../terms/clipped.ts';
import type { LossDefinition } from '../terms/types.ts';

/**
 * DAPO, https://arxiv.org/abs/2503.14476: the clipped surrogate, averaged over all tokens of the optimiser batch, so
 * that a long completion weighs more. Clip-higher is `clipEpsilonHigh`; dynamic sampling belongs to the pipeline.
 */
export const dapo: LossDefinition = {
  surrogate: clipped,
  hyper: clipBounds,
  options: { ...clippedOptions, clipEpsilonHigh: 0.28, importanceLevel: 'token' },
  advantage: { estimator: 'grpo' },
  aggregation: 'token-mean',
  trlGlobalTokens: true,
};
