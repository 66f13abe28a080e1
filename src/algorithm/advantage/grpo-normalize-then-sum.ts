import { InputError } from '../../errors.ts';
import { nanMean, nanStd } from '../statistics/nan-statistics.ts';
import { rowsByGroup } from './groups.ts';
import { type AdvantageBatch, type Advantages, defineEstimator } from './types.ts';

const EPS = 1e-4;

/**
 * GDPO, https://arxiv.org/abs/2601.05242 (TRL's multi_objective_aggregation 'normalize_then_sum'): each reward
 * function's scores are normalised within the group, (x − mean)/(std + 1e-4), their weighted sum is then whitened over
 * the batch, so that a function of small spread still counts. scaleRewards does not apply. As in TRL, scores that are
 * null are left out, and a completion without any score gets advantage 0; functions of weight 0 only measure, and count
 * for nothing.
 * @throws InputError when the batch has no scores and weights.
 */
export const grpoNormalizeThenSum = defineEstimator({ estimate: normalizeThenSum });

function normalizeThenSum({ scores, weights, groups }: AdvantageBatch): Advantages {
  if (scores === undefined || weights === undefined) {
    throw new InputError('normalize_then_sum needs the scores and weights of every reward function');
  }
  const sums = new Array<number>(groups.length).fill(Number.NaN);
  for (const rows of rowsByGroup(groups)) {
    scores.forEach((row, f) => {
      if (weights[f] === 0) return;
      const values = rows.map((b) => (row[b] == null ? Number.NaN : Math.fround(row[b]!)));
      const mean = nanMean(values);
      const std = rows.length > 1 ? nanStd(values) : 0;
      rows.forEach((b, i) => {
        // A score that could not be normalised (the only one of its group) adds nothing, but it is a score.
        if (row[b] == null) return;
        const normal = (values[i]! - mean) / (std + EPS);
        sums[b] = (Number.isNaN(sums[b]!) ? 0 : sums[b]!) + (Number.isNaN(normal) ? 0 : weights[f]! * normal);
      });
    });
  }
  const mean = nanMean(sums);
  const std = sums.length > 1 ? nanStd(sums) : 0;
  const advantages = Float32Array.from(sums, (sum) =>
    Number.isNaN(sum + std) ? 0 : (sum - mean) / (std + EPS),
  );
  return { advantages, metrics: { frac_reward_zero_std: Math.abs(std) <= 1e-8 ? 1 : 0 } };
}
