import { positive } from '../../options/ranges.ts';
import { verlBaseline, withinGroups } from './outcome.ts';
import { defineEstimator } from './types.ts';

/**
 * GPG (group policy gradient), https://arxiv.org/abs/2504.02546: rewards centred in the group, divided by `norm` (1)
 * instead of the std, and times B / (completions with a non-zero reward), which makes up for groups that give no
 * gradient. As in verl a group of one keeps its raw reward.
 */
export const gpg = defineEstimator({
  options: { norm: positive.default(1).describe('divisor of the centred reward') },
  estimate: (batch, { norm }) => {
    const nonZero = Array.from(batch.rewards).filter(Boolean).length;
    const alpha = batch.rewards.length / Math.max(1, nonZero);
    const advantages = withinGroups(batch, (rewards) => {
      const baseline = verlBaseline(rewards);
      return rewards.map((reward) => (alpha * (reward - baseline)) / norm);
    });
    return { advantages, metrics: {} };
  },
});
