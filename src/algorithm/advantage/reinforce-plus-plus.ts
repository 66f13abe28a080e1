import { masked, maskedWhiten } from '../statistics/masked-statistics.ts';
import { maskOf, tokenRewardsOf } from './needs.ts';
import type { AdvantageEstimator } from './types.ts';

/**
 * REINFORCE++, https://arxiv.org/abs/2501.03262: discounted returns of token rewards, whitened over all tokens of the
 * batch. What a tool wrote between two turns is stepped over; with compat 'verl', as there, a masked token ends the running
 * return of the tokens before it.
 */
export const reinforcePlusPlus: AdvantageEstimator = (batch, { gamma = 1, compat }) => {
  const mask = maskOf(batch, 'reinforce_plus_plus');
  const returns = tokenRewardsOf(batch, 'reinforce_plus_plus').map((row, b) => {
    const out = new Float32Array(row.length);
    let running = 0;
    for (let t = row.length - 1; t >= 0; t--) {
      out[t] = row[t]! + gamma * running;
      if (mask[b]![t]) running = out[t]!;
      else if (compat === 'verl') running = 0;
    }
    return out;
  });
  return { advantages: masked(maskedWhiten(returns, mask), mask), returns, metrics: {} };
};
