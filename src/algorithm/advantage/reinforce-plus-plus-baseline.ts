import { masked, maskedWhiten } from '../statistics/masked-statistics.ts';
import { maskOf } from './needs.ts';
import { perToken, verlBaseline, withinGroups } from './outcome.ts';
import { defineEstimator } from './types.ts';

/**
 * REINFORCE++ with baseline, https://arxiv.org/abs/2501.03262: rewards minus their group's mean, then whitened over all
 * tokens of the batch. As in verl a group of one keeps its raw reward before the whitening.
 */
export const reinforcePlusPlusBaseline = defineEstimator({
  estimate: (batch) => {
    const mask = maskOf(batch, 'reinforce_plus_plus_baseline');
    const centred = withinGroups(batch, (rewards) => {
      const baseline = verlBaseline(rewards);
      return rewards.map((reward) => reward - baseline);
    });
    const spread = perToken({ advantages: centred, metrics: {} }, mask);
    return { advantages: masked(maskedWhiten(spread, mask), mask), metrics: {} };
  },
});
