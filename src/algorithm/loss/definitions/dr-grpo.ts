import { clipBounds, clipped, clippedOptions } from '../terms/clipped.ts';
import type { LossDefinition } from '../terms/types.ts';

/**
 * Dr. GRPO, https://arxiv.org/abs/2503.20783: the clipped surrogate summed over tokens and divided by the constant
 * B · maxCompletionLength, so that a token weighs the same in short and long completions. The paper's other half,
 * advantages that are not divided by the std, is scaleRewards 'none'.
 */
export const drGrpo: LossDefinition = {
  surrogate: clipped,
  hyper: clipBounds,
  options: { ...clippedOptions, importanceLevel: 'token' },
  advantage: { estimator: 'grpo', scaleRewards: 'none' },
  aggregation: 'seq-mean-token-sum-norm',
};
