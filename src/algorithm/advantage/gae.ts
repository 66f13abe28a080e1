import { fraction } from '../../options/ranges.ts';
import { type ScorePlacement, valueOptions } from '../ppo/value-options.ts';
import type { Rows } from '../statistics/aggregation.ts';
import { masked, maskedWhiten } from '../statistics/masked-statistics.ts';
import { maskOf, needed, tokenRewardsOf } from './needs.ts';
import { type AdvantageBatch, type Advantages, defineEstimator } from './types.ts';

const gaeBy = (scorePlacement: ScorePlacement) =>
  defineEstimator({
    options: {
      gamma: fraction.default(1).describe('γ, discount of later rewards'),
      lambda: fraction.default(0.95).describe('λ, how far advantages look past the next value'),
    },
    beside: valueOptions(scorePlacement),
    alone: true,
    estimate: gaeAdvantages,
  });

/**
 * Generalised advantage estimation, https://arxiv.org/abs/1506.02438:
 *   δ_t = r_t + γ·V_{t+1} − V_t,   A_t = δ_t + γλ·A_{t+1},   return_t = A_t + V_t,
 * then advantages are whitened over the mask. Positions without a value are skipped: V_{t+1} and A_{t+1} are those of
 * the next position that has one. `valueMask` says which positions have a value; values and advantages outside their
 * masks are 0 (TRL). Without it `mask` says so, and nothing is set to 0 (verl).
 */
export const gae = gaeBy('past-last');

/** The same with verl's default for scorePlacement. */
export const verlGae = gaeBy('last-token');

function gaeAdvantages(
  batch: AdvantageBatch,
  { gamma, lambda }: { readonly gamma: number; readonly lambda: number },
): Advantages {
  const mask = maskOf(batch, 'gae');
  const { valueMask } = batch;
  const given = needed(batch.values, 'value estimates', 'gae');
  const values = valueMask ? masked(given, valueMask) : given;
  const tokenRewards = tokenRewardsOf(batch, 'gae');
  const raw = rawGae({ rewards: tokenRewards, values, mask: valueMask ?? mask }, gamma, lambda);
  const returns = raw.map((row, b) => row.map((advantage, t) => advantage + values[b]![t]!));
  const whitened = maskedWhiten(raw, mask);
  return { advantages: valueMask ? masked(whitened, mask) : whitened, returns, metrics: {} };
}

/** Advantages before whitening, [B][T]. */
function rawGae(
  { rewards, values, mask }: { readonly rewards: Rows; readonly values: Rows; readonly mask: Rows },
  gamma: number,
  lambda: number,
): Float32Array[] {
  return rewards.map((row, b) => {
    const out = new Float32Array(row.length);
    let nextValue = 0;
    let next = 0;
    for (let t = row.length - 1; t >= 0; t--) {
      if (mask[b]![t]) {
        next = row[t]! + gamma * nextValue - values[b]![t]! + gamma * lambda * next;
        nextValue = values[b]![t]!;
      }
      out[t] = next;
    }
    return out;
  });
}
