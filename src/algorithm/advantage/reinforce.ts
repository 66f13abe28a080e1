import { defineEstimator } from './types.ts';

/** REINFORCE without a baseline (Williams 1992): the advantage is the reward; NaN rewards count as 0. */
export const reinforce = defineEstimator({
  alone: true,
  estimate: ({ rewards }) => ({
    advantages: Float32Array.from(rewards, (reward) => (Number.isNaN(reward) ? 0 : reward)),
    metrics: {},
  }),
});
