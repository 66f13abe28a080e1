import { clipBounds, clipped, clipRange, delta } from '../terms/clipped.ts';
import { aggregation, importanceLevel } from '../terms/options.ts';
import { defineLoss } from '../terms/types.ts';

/**
 * DAPO, https://arxiv.org/abs/2503.14476: the clipped surrogate, averaged over all tokens of the optimiser batch, so
 * that a long completion weighs more. Clip-higher is `clipEpsilonHigh`; dynamic sampling belongs to the pipeline.
 */
export const dapo = defineLoss({
  options: {
    ...clipRange(0.2, 0.28),
    ...delta,
    ...importanceLevel('token'),
    ...aggregation('token-mean'),
  },
  surrogate: clipped,
  hyper: clipBounds,
  advantage: { estimator: 'grpo' },
});
