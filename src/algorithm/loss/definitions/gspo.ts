import { clipBounds, clipped, clippedOptions } from '../terms/clipped.ts';
import type { LossDefinition } from '../terms/types.ts';

/**
 * GSPO, https://arxiv.org/abs/2507.18071: the clipped surrogate with one ratio a sequence, the geometric mean of its
 * tokens' ratios; clip bounds are far smaller than at token level (the paper: 3e-4 and 4e-4).
 * This is TRL's form, grpo with importanceLevel 'sequence'. verl's (compat 'verl') gives each token the gradient of
 * its own log-prob, which is the same while advantages are constant along a row.
 */
export const gspo: LossDefinition = {
  surrogate: clipped,
  hyper: clipBounds,
  options: { ...clippedOptions, clipEpsilon: 3e-4, clipEpsilonHigh: 4e-4 },
  advantage: { estimator: 'grpo' },
  aggregation: 'seq-mean-token-mean',
  level: 'sequence',
};
