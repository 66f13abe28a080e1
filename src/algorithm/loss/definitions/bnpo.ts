import { clipBounds, clipped, clipRange, delta } from '../terms/clipped.ts';
import { aggregation, importanceLevel } from '../terms/options.ts';
import { defineLoss } from '../terms/types.ts';

/**
 * TRL's `bnpo` (batch-normalised): the clipped surrogate averaged over the loss tokens at hand. TRL averages within
 * each micro-batch; here denominators belong to the optimiser batch, which makes it the same as dapo. Only a single
 * recorded call of TRL (compat) tells them apart.
 */
export const bnpo = defineLoss({
  options: {
    ...clipRange(0.2),
    ...delta,
    ...importanceLevel('token'),
    ...aggregation('token-mean'),
  },
  surrogate: clipped,
  hyper: clipBounds,
  advantage: { estimator: 'grpo' },
});
