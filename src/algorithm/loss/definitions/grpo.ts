import { clipBounds, clipped, clipRange, delta } from '../terms/clipped.ts';
import { aggregation, importanceLevel } from '../terms/options.ts';
import { defineLoss } from '../terms/types.ts';

/**
 * GRPO, https://arxiv.org/abs/2402.03300: the clipped surrogate, averaged over each completion, then over completions.
 * With importanceLevel 'sequence' it is TRL's form of GSPO.
 * Departs from the paper as TRL does: completions without a loss token count in the mean, and the KL term is off
 * unless klCoef is set.
 */
export const grpo = defineLoss({
  options: {
    ...clipRange(0.2),
    ...delta,
    ...importanceLevel('token'),
    ...aggregation('seq-mean-token-mean'),
  },
  surrogate: clipped,
  hyper: clipBounds,
  advantage: { estimator: 'grpo' },
});
