import { fraction } from '../../options/ranges.ts';
import { masked, maskedWhiten } from '../statistics/masked-statistics.ts';
import { maskOf, tokenRewardsOf } from './needs.ts';
import { type AdvantageBatch, type Advantages, defineEstimator } from './types.ts';

const reinforcePlusPlusBy = (conventions: { readonly maskedTokenEndsReturn: boolean }) =>
  defineEstimator({
    options: { gamma: fraction.default(1).describe('γ, discount of later rewards') },
    alone: true,
    estimate: (batch, { gamma }) => whitenedReturns(batch, { gamma, ...conventions }),
  });

/**
 * REINFORCE++, https://arxiv.org/abs/2501.03262: discounted returns of token rewards, whitened over all tokens of the
 * batch. What a tool wrote between two turns is stepped over.
 */
export const reinforcePlusPlus = reinforcePlusPlusBy({ maskedTokenEndsReturn: false });

/** As verl has it: a masked token ends the running return of the tokens before it. */
export const verlReinforcePlusPlus = reinforcePlusPlusBy({ maskedTokenEndsReturn: true });

function whitenedReturns(
  batch: AdvantageBatch,
  { gamma, maskedTokenEndsReturn }: { readonly gamma: number; readonly maskedTokenEndsReturn: boolean },
): Advantages {
  const mask = maskOf(batch, 'reinforce_plus_plus');
  const returns = tokenRewardsOf(batch, 'reinforce_plus_plus').map((row, b) => {
    const out = new Float32Array(row.length);
    let running = 0;
    for (let t = row.length - 1; t >= 0; t--) {
      out[t] = row[t]! + gamma * running;
      if (mask[b]![t]) running = out[t]!;
      else if (maskedTokenEndsReturn) running = 0;
    }
    return out;
  });
  return { advantages: masked(maskedWhiten(returns, mask), mask), returns, metrics: {} };
}
