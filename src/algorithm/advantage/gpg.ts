import { byGroup, verlBaseline } from './outcome.ts';
import type { AdvantageEstimator } from './types.ts';

/**
 * GPG (group policy gradient), https://arxiv.org/abs/2504.02546: rewards centred in the group, divided by `norm` (1)
 * instead of the std, and times B / (completions with a non-zero reward), which makes up for groups that give no
 * gradient. As in verl a group of one keeps its raw reward.
 */
export const gpg: AdvantageEstimator = (batch, { norm = 1 }) => {
  const nonZero = Array.from(batch.rewards).filter(Boolean).length;
  const alpha = batch.rewards.length / Math.max(1, nonZero);
  const advantages = byGroup(batch, (rewards) => {
    const baseline = verlBaseline(rewards);
    return rewards.map((reward) => (alpha * (reward - baseline)) / norm);
  });
  return { advantages, metrics: {} };
};
