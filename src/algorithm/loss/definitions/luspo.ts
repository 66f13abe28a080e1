import { clipBounds, clipped, clipRange, delta } from '../terms/clipped.ts';
import { aggregation, importanceLevel } from '../terms/options.ts';
import { defineLoss } from '../terms/types.ts';

/**
 * LUSPO (length-unbiased sequence policy optimisation), https://arxiv.org/abs/2602.05261: the clipped surrogate with
 * one ratio a sequence (importanceLevel 'sequence'), summed over a completion's tokens, averaged over completions. The
 * clip range is the paper's.
 */
export const luspo = defineLoss({
  options: {
    ...clipRange(2e-3, 2.5e-3),
    ...delta,
    ...importanceLevel('sequence'),
    ...aggregation('seq-mean-token-sum'),
  },
  surrogate: clipped,
  hyper: clipBounds,
  advantage: { estimator: 'grpo' },
});
