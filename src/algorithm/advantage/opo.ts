import { rowSum } from '../statistics/aggregation.ts';
import { maskOf } from './needs.ts';
import { withinGroups } from './outcome.ts';
import { defineEstimator } from './types.ts';

/**
 * OPO (on-policy RL with optimal baseline), https://arxiv.org/abs/2505.23585: the baseline is the group's mean reward
 * weighted by length, Σ l·r / Σ l. As in verl a group of one keeps its raw reward.
 */
export const opo = defineEstimator({
  estimate: (batch) => {
    const lengths = maskOf(batch, 'opo').map(rowSum);
    const advantages = withinGroups(batch, (rewards, rows) => {
      if (rewards.length === 1) return rewards;
      const total = rows.reduce((sum, b) => sum + lengths[b]!, 0);
      const baseline = rewards.reduce((sum, reward, i) => sum + lengths[rows[i]!]! * reward, 0) / total;
      return rewards.map((reward) => reward - baseline);
    });
    return { advantages, metrics: {} };
  },
});
