import { clipBounds, clipped, clippedOptions } from '../terms/clipped.ts';
import type { LossDefinition } from '../terms/types.ts';

/**
 * TRL's `bnpo` (batch-normalised): the clipped surrogate averaged over the loss tokens at hand. TRL averages within
 * each micro-batch; here denominators belong to the optimiser batch, which makes it the same as dapo. Only a single
 * recorded call of TRL (compat) tells them apart.
 */
export const bnpo: LossDefinition = {
  surrogate: clipped,
  hyper: clipBounds,
  options: { ...clippedOptions, importanceLevel: 'token' },
  advantage: { estimator: 'grpo' },
  aggregation: 'token-mean',
};
