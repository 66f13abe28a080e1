import { nanMean, nanStd } from '../nan-statistics.ts';
import { rowsByGroup } from './groups.ts';
import type { AdvantageBatch, Advantages } from './types.ts';

/** What the centred reward is divided by: std of its group, of the batch, or nothing. */
export type ScaleRewards = 'group' | 'batch' | 'none';

export interface GrpoOptions {
  readonly scaleRewards: ScaleRewards;
}

/** Added to the std, as TRL does (verl adds 1e-6). */
const EPS = 1e-4;

/**
 * Group-relative advantages, https://arxiv.org/abs/2402.03300: A_b = (r_b − mean of b's group) / (std + 1e-4).
 * Std is unbiased (n − 1). 'batch' divides by the std of the whole batch but still subtracts the group's mean
 * (https://arxiv.org/abs/2508.08221); 'none' does not divide (Dr. GRPO, https://arxiv.org/abs/2503.20783).
 * Conventions are TRL's: rewards that are NaN are left out of mean and std and get advantage 0, as does the only
 * scored completion of a group; a group of one has std 0. Metric frac_reward_zero_std is the share of completions
 * whose std is 0 (within 1e-8).
 */
export function grpo({ rewards, groups }: AdvantageBatch, { scaleRewards }: GrpoOptions): Advantages {
  const advantages = new Float32Array(rewards.length);
  const batchStd = rewards.length > 1 ? nanStd(rewards) : 0;
  let zeroStd = 0;
  for (const rows of rowsByGroup(groups)) {
    const values = rows.map((b) => rewards[b]!);
    const mean = nanMean(values);
    const groupStd = rows.length > 1 ? nanStd(values) : 0;
    const std = scaleRewards === 'batch' ? batchStd : groupStd;
    if (Math.abs(std) <= 1e-8) zeroStd += rows.length;
    for (const b of rows) {
      const centred = rewards[b]! - mean;
      const scaled = scaleRewards === 'none' ? centred : centred / (std + EPS);
      advantages[b] = Number.isNaN(scaled) ? 0 : scaled;
    }
  }
  return { advantages, metrics: { frac_reward_zero_std: zeroStd / rewards.length } };
}
