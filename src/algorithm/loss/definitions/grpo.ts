import { clipBounds, clipped, clippedOptions } from '../terms/clipped.ts';
import type { LossDefinition } from '../terms/types.ts';

/**
 * GRPO, https://arxiv.org/abs/2402.03300: the clipped surrogate, averaged over each completion, then over completions.
 * With importanceLevel 'sequence' it is TRL's form of GSPO.
 * Departs from the paper as TRL does: completions without a loss token count in the mean, and the KL term is off
 * unless klCoef is set.
 */
export const grpo: LossDefinition = {
  surrogate: clipped,
  hyper: clipBounds,
  options: { ...clippedOptions, importanceLevel: 'token' },
  advantage: { estimator: 'grpo' },
  aggregation: 'seq-mean-token-mean',
};
