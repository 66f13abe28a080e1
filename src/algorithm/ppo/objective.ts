import { type Rows, rowSum } from '../statistics/aggregation.ts';
import { nanMean } from '../statistics/nan-statistics.ts';
import type { TokenRewards } from './token-rewards.ts';

/**
 * TRL's objective/* metrics of a rollout batch, means over completions of sums over tokens: KL, entropy (of the sampled
 * tokens, −log π), KL penalty, and penalty plus score. A completion without a score is left out of the score's mean.
 * Departs from TRL, whose entropy counts every padding position as −1.
 */
export function objectiveMetrics(
  { tokenKl, penalty, scores }: Pick<TokenRewards, 'tokenKl' | 'penalty' | 'scores'>,
  logprobs: Rows,
): Record<string, number> {
  const mean = (rows: Rows) => rows.reduce((sum, row) => sum + rowSum(row), 0) / rows.length;
  const score = nanMean(scores);
  return {
    'objective/kl': mean(tokenKl),
    'objective/entropy': -mean(logprobs),
    'objective/non_score_reward': mean(penalty),
    'objective/rlhf_reward': mean(penalty) + score,
    'objective/scores': score,
  };
}
