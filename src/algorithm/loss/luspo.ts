import { clipBounds, clipped } from './clipped.ts';
import type { LossDefinition } from './types.ts';

/**
 * LUSPO (length-unbiased sequence policy optimisation), https://arxiv.org/abs/2602.05261: the clipped surrogate with
 * one ratio a sequence (importanceLevel 'sequence'), summed over a completion's tokens, averaged over completions.
 */
export const luspo: LossDefinition = {
  surrogate: clipped,
  hyper: clipBounds,
  aggregation: 'seq-mean-token-sum',
};
