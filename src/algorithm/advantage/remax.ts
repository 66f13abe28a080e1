import { maskOf, needed, tokenRewardsOf } from './needs.ts';
import { defineEstimator } from './types.ts';

/**
 * ReMax, https://arxiv.org/abs/2310.10505: the sum of rewards from each token on, minus the reward of the greedy
 * completion of the same prompt.
 */
export const remax = defineEstimator({
  alone: true,
  estimate: (batch) => {
    const mask = maskOf(batch, 'remax');
    const baselines = needed(batch.baselines, 'the reward of a greedy completion of each prompt', 'remax');
    const returns = tokenRewardsOf(batch, 'remax').map((row, b) => {
      const out = new Float32Array(row.length);
      let sum = 0;
      for (let t = row.length - 1; t >= 0; t--) {
        sum += row[t]! * mask[b]![t]!;
        out[t] = sum;
      }
      return out;
    });
    const advantages = returns.map((row, b) => row.map((value, t) => value - baselines[b]! * mask[b]![t]!));
    return { advantages, returns, metrics: {} };
  },
});
