import type { Scores } from '../../algorithm/advantage/types.ts';
import { nanMean, nanStd } from '../../algorithm/statistics/nan-statistics.ts';
import { InputError } from '../../errors.ts';

/**
 * The reward of each completion, [B]: the sum of weight · score. Skips scores that are null and functions of weight 0.
 * Gives NaN when nothing is left. Rounds to float32, so that equal rewards stay equal.
 * @throws InputError when weights and functions differ in number.
 */
export function weightedRewards(scores: Scores, weights: readonly number[]): number[] {
  if (weights.length !== scores.length) {
    throw new InputError(`${weights.length} reward weights for ${scores.length} reward functions`);
  }
  return Array.from({ length: scores[0]?.length ?? 0 }, (_, b) => {
    let sum = Number.NaN;
    scores.forEach((row, f) => {
      const score = row[b];
      if (score != null && weights[f] !== 0)
        sum = (Number.isNaN(sum) ? 0 : sum) + weights[f]! * Math.fround(score);
    });
    return Math.fround(sum);
  });
}

/** TRL's reward metrics of a batch: mean and std (unbiased) of each function's scores and of the weighted rewards. */
export function rewardMetrics(
  scores: Scores,
  names: readonly string[],
  rewards: readonly number[],
): Record<string, number> {
  const metrics: Record<string, number> = {};
  scores.forEach((row, f) => {
    const values = row.map((score) => score ?? Number.NaN);
    metrics[`rewards/${names[f]}/mean`] = nanMean(values);
    metrics[`rewards/${names[f]}/std`] = nanStd(values);
  });
  return { ...metrics, reward: nanMean(rewards), reward_std: nanStd(rewards) };
}
