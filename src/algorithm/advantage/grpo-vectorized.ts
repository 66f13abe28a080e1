import { positive } from '../../options/ranges.ts';
import { nanStd } from '../statistics/nan-statistics.ts';
import { mean, withinGroups } from './outcome.ts';
import { scaleRewards } from './scale-rewards.ts';
import { defineEstimator } from './types.ts';

/**
 * verl's `grpo_vectorized`: as its grpo, but the group's variance is at least eps (std ≥ 1e-3 by default), so nearly
 * equal rewards are not blown up to advantages of size 1.
 */
export const grpoVectorized = defineEstimator({
  options: { eps: positive.default(1e-6).describe('added to the std') },
  beside: scaleRewards,
  estimate: (batch, { scaleRewards, eps }) => {
    const advantages = withinGroups(batch, (rewards) => {
      if (rewards.length === 1) return [rewards[0]! / (scaleRewards === 'none' ? 1 : 1 + eps)];
      const centre = mean(rewards);
      const std = Math.sqrt(Math.max(nanStd(rewards) ** 2, eps));
      return rewards.map((reward) => (reward - centre) / (scaleRewards === 'none' ? 1 : std + eps));
    });
    return { advantages, metrics: {} };
  },
});
