import { withinGroups } from '../../src/algorithm/advantage/outcome.ts';
import { defineEstimator } from '../../src/algorithm/advantage/types.ts';
import { positive } from '../../src/options/ranges.ts';

/** The reward minus the best of its group, times `slope`. */
export const bestOfGroup = defineEstimator({
  options: { slope: positive.default(1).describe('factor of the distance from the best') },
  estimate: (batch, { slope }) => ({
    advantages: withinGroups(batch, (rewards) =>
      rewards.map((reward) => slope * (reward - Math.max(...rewards))),
    ),
    metrics: {},
  }),
});
