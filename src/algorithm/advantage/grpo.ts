import { nanMean, nanStd } from '../statistics/nan-statistics.ts';
import { rowsByGroup } from './groups.ts';
import type { AdvantageEstimator, ScaleRewards } from './types.ts';

interface Spread {
  readonly mean: number;
  readonly std: number;
}

/**
 * Group-relative advantages, https://arxiv.org/abs/2402.03300: A_b = (r_b − mean of b's group) / (std + eps).
 * Std is unbiased (n − 1). 'batch' divides by the std of the whole batch but still subtracts the group's mean
 * (https://arxiv.org/abs/2508.08221); 'none' does not divide (Dr. GRPO, https://arxiv.org/abs/2503.20783).
 * Rewards that are NaN are left out of mean and std and get advantage 0, as does the only scored completion of a
 * group. Metric frac_reward_zero_std is the share of completions whose std is 0 (within 1e-8).
 * Where TRL and verl differ: eps is 1e-4 or 1e-6; a group of one has advantage 0 in TRL's convention, its raw reward
 * in verl's (mean 0, std 1).
 */
export const grpo: AdvantageEstimator = ({ rewards, groups }, { scaleRewards = 'group', compat, eps }) => {
  const advantages = new Float32Array(rewards.length);
  const epsilon = eps ?? (compat === 'verl' ? 1e-6 : 1e-4);
  const batchStd = rewards.length > 1 ? nanStd(rewards) : 0;
  let zeroStd = 0;
  for (const rows of rowsByGroup(groups)) {
    const values = rows.map((b) => rewards[b]!);
    const { mean, std } = spread(values, compat, scaleRewards === 'batch' ? batchStd : undefined);
    if (Math.abs(std) <= 1e-8) zeroStd += rows.length;
    for (const b of rows) {
      const scaled = divided(rewards[b]! - mean, std + epsilon, scaleRewards);
      advantages[b] = Number.isNaN(scaled) ? 0 : scaled;
    }
  }
  return { advantages, metrics: { frac_reward_zero_std: zeroStd / rewards.length } };
};

function spread(values: readonly number[], compat: string | undefined, batchStd: number | undefined): Spread {
  if (values.length > 1) return { mean: nanMean(values), std: batchStd ?? nanStd(values) };
  return compat === 'verl' ? { mean: 0, std: 1 } : { mean: nanMean(values), std: batchStd ?? 0 };
}

const divided = (centred: number, by: number, scale: ScaleRewards) =>
  scale === 'none' ? centred : centred / by;
