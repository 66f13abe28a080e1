import { type Rows, rowSum } from '../statistics/aggregation.ts';
import { nanMean } from '../statistics/nan-statistics.ts';
import type { TokenRewards } from './token-rewards.ts';

/** What TRL writes in place of log-probs after a response's last token. */
const INVALID_LOGPROB = 1;

/** Log-probs with INVALID_LOGPROB outside the mask, as TRL keeps them. */
export function invalidated(logprobs: Rows, mask: Rows): Float32Array[] {
  return logprobs.map((row, b) => Float32Array.from(row, (x, t) => (mask[b]![t] ? x : INVALID_LOGPROB)));
}

/**
 * TRL's objective/* metrics of a rollout batch, means over completions of sums over tokens: KL, entropy (of the sampled
 * tokens, −log π), KL penalty, and penalty plus score. A completion without a score is left out of the score's mean.
 * Compat: pass `invalidated` log-probs to get TRL's entropy, in which every padding position counts −1.
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
