import { clipBounds, clipped, clippedOptions } from '../terms/clipped.ts';
import type { LossDefinition } from '../terms/types.ts';

/**
 * LUSPO (length-unbiased sequence policy optimisation), https://arxiv.org/abs/2602.05261: the clipped surrogate with
 * one ratio a sequence (importanceLevel 'sequence'), summed over a completion's tokens, averaged over completions. The
 * clip range is the paper's.
 */
export const luspo: LossDefinition = {
  surrogate: clipped,
  hyper: clipBounds,
  options: { ...clippedOptions, clipEpsilon: 2e-3, clipEpsilonHigh: 2.5e-3, importanceLevel: 'sequence' },
  advantage: { estimator: 'grpo' },
  aggregation: 'seq-mean-token-sum',
};
