import { mean, withinGroups } from './outcome.ts';
import { defineEstimator } from './types.ts';

/**
 * REINFORCE leave-one-out, https://arxiv.org/abs/2402.14740: the reward minus the mean reward of the group's other
 * completions, n/(n − 1) · (r − mean). A group of one has no others: its advantage is 0, as in verl's rloo_vectorized;
 * verl's `rloo` keeps its raw reward.
 */
export const rlooVectorized = defineEstimator({
  estimate: (batch) => ({
    advantages: withinGroups(batch, (rewards) => (rewards.length === 1 ? [0] : leaveOneOut(rewards))),
    metrics: {},
  }),
});

/** As verl's `rloo`. */
export const rloo = defineEstimator({
  estimate: (batch) => ({
    advantages: withinGroups(batch, (rewards) => (rewards.length === 1 ? rewards : leaveOneOut(rewards))),
    metrics: {},
  }),
});

function leaveOneOut(rewards: readonly number[]): number[] {
  const centre = mean(rewards);
  const n = rewards.length;
  return rewards.map((reward) => ((reward - centre) * n) / (n - 1));
}
