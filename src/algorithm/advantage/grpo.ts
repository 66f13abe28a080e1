import { positive } from '../../options/ranges.ts';
import { nanMean, nanStd } from '../statistics/nan-statistics.ts';
import { rowsByGroup } from './groups.ts';
import { scaleRewards } from './scale-rewards.ts';
import { type AdvantageBatch, type Advantages, defineEstimator, type ScaleRewards } from './types.ts';

interface Spread {
  readonly mean: number;
  readonly std: number;
}

/** Where TRL and verl differ. */
interface Conventions {
  readonly eps: number;
  /** Mean and std of a group of one; `batchStd` with scaleRewards 'batch'. */
  readonly ofOne: (reward: number, batchStd: number | undefined) => Spread;
}

const grpoBy = (conventions: Conventions) =>
  defineEstimator({
    options: { eps: positive.default(conventions.eps).describe('added to the std') },
    beside: scaleRewards,
    estimate: (batch, options) => grpoAdvantages(batch, { ...conventions, ...options }),
  });

/**
 * Group-relative advantages, https://arxiv.org/abs/2402.03300: A_b = (r_b − mean of b's group) / (std + eps).
 * Std is unbiased (n − 1). 'batch' divides by the std of the whole batch but still subtracts the group's mean
 * (https://arxiv.org/abs/2508.08221); 'none' does not divide (Dr. GRPO, https://arxiv.org/abs/2503.20783).
 * Rewards that are NaN are left out of mean and std and get advantage 0, as does the only scored completion of a
 * group. Metric frac_reward_zero_std is the share of completions whose std is 0 (within 1e-8).
 * TRL's conventions: a group of one has advantage 0.
 */
export const grpo = grpoBy({
  eps: 1e-4,
  ofOne: (reward, batchStd) => ({ mean: nanMean([reward]), std: batchStd ?? 0 }),
});

/** The same by verl's conventions: a group of one has its raw reward (mean 0, std 1). */
export const verlGrpo = grpoBy({ eps: 1e-6, ofOne: () => ({ mean: 0, std: 1 }) });

/** frac_reward_zero_std of a batch, whatever estimates its advantages. */
export const zeroStdShare = (batch: AdvantageBatch) =>
  grpo.estimate(batch, { scaleRewards: 'group', eps: 1e-4 }).metrics;

function grpoAdvantages(
  { rewards, groups }: AdvantageBatch,
  { scaleRewards, eps, ofOne }: Conventions & { readonly scaleRewards: ScaleRewards },
): Advantages {
  const advantages = new Float32Array(rewards.length);
  const batchStd = rewards.length > 1 ? nanStd(rewards) : 0;
  const shared = scaleRewards === 'batch' ? batchStd : undefined;
  let zeroStd = 0;
  for (const rows of rowsByGroup(groups)) {
    const values = rows.map((b) => rewards[b]!);
    const { mean, std } =
      values.length > 1
        ? { mean: nanMean(values), std: shared ?? nanStd(values) }
        : ofOne(values[0]!, shared);
    if (Math.abs(std) <= 1e-8) zeroStd += rows.length;
    for (const b of rows) {
      const scaled = divided(rewards[b]! - mean, std + eps, scaleRewards);
      advantages[b] = Number.isNaN(scaled) ? 0 : scaled;
    }
  }
  return { advantages, metrics: { frac_reward_zero_std: zeroStd / rewards.length } };
}

const divided = (centred: number, by: number, scale: ScaleRewards) =>
  scale === 'none' ? centred : centred / by;
