import { clipBounds, clipped, clipRange, delta } from '../terms/clipped.ts';
import { aggregation, importanceLevel } from '../terms/options.ts';
import { defineLoss } from '../terms/types.ts';

/**
 * Dr. GRPO, https://arxiv.org/abs/2503.20783: the clipped surrogate summed over tokens and divided by the constant
 * B · maxCompletionLength, so that a token weighs the same in short and long completions. The paper's other half,
 * advantages that are not divided by the std, is scaleRewards 'none'.
 */
export const drGrpo = defineLoss({
  options: {
    ...clipRange(0.2),
    ...delta,
    ...importanceLevel('token'),
    ...aggregation('seq-mean-token-sum-norm'),
  },
  surrogate: clipped,
  hyper: clipBounds,
  advantage: { estimator: 'grpo', scaleRewards: 'none' },
});
