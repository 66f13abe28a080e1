import { clipBounds, clipped, clipRange, delta } from '../terms/clipped.ts';
import { aggregation } from '../terms/options.ts';
import { defineLoss } from '../terms/types.ts';

/**
 * GSPO, https://arxiv.org/abs/2507.18071: the clipped surrogate with one ratio a sequence, the geometric mean of its
 * tokens' ratios; clip bounds are far smaller than at token level (the paper: 3e-4 and 4e-4).
 * This is TRL's form, grpo with importanceLevel 'sequence'. verl's (compat 'verl') gives each token the gradient of
 * its own log-prob, which is the same while advantages are constant along a row.
 */
export const gspo = defineLoss({
  options: {
    ...clipRange(3e-4, 4e-4),
    ...delta,
    ...aggregation('seq-mean-token-mean'),
  },
  surrogate: clipped,
  hyper: clipBounds,
  advantage: { estimator: 'grpo' },
  level: 'sequence',
});
