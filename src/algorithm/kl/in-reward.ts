import { type Rows, rowSum } from '../statistics/aggregation.ts';
import { klNamed } from './index.ts';

/** Log-probs of sampled tokens when they were sampled and under the reference policy, [B][T]. */
export interface KlBatch {
  readonly logprobs: Rows;
  readonly refLogprobs: Rows;
  readonly mask: Rows;
}

/** The KL estimate of each token, 0 where masked, [B][T]. */
function tokenKl({ logprobs, refLogprobs, mask }: KlBatch, estimator: string): number[][] {
  const { of } = klNamed(estimator);
  return logprobs.map((row, b) =>
    Array.from(row, (logprob, t) => (mask[b]![t] ? of(logprob, refLogprobs[b]![t]!) : 0)),
  );
}

export interface Penalised {
  /** Scores − coef·KL, [B][T]. */
  readonly rewards: Float32Array[];
  /** KL estimate of each token, 0 where masked, [B][T]. */
  readonly tokens: number[][];
  /** As verl logs it: the mean over rows of the row's mean (rows without a token count as 0). */
  readonly kl: number;
  readonly metrics: Record<string, number>;
}

/** Token rewards with a KL penalty. */
export function penaliseKl(
  scores: Rows,
  batch: KlBatch,
  { estimator, coef }: { readonly estimator: string; readonly coef: number },
): Penalised {
  const tokens = tokenKl(batch, estimator);
  const rewards = tokens.map((row, b) => Float32Array.from(row, (kl, t) => scores[b]![t]! - coef * kl));
  const rowMeans = tokens.map((row, b) => rowSum(row) / Math.max(1, rowSum(batch.mask[b]!)));
  const kl = rowMeans.reduce((sum, mean) => sum + mean, 0) / rowMeans.length;
  return {
    rewards,
    tokens,
    kl,
    metrics: { 'actor/reward_kl_penalty': kl, 'actor/reward_kl_penalty_coeff': coef },
  };
}
