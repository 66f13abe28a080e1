import { type Penalised, penaliseKl } from '../kl/in-reward.ts';
import type { Rows } from '../statistics/aggregation.ts';
import { masked, maskedWhiten } from '../statistics/masked-statistics.ts';

/** Rows of sampled tokens, [B][T], with one score a completion. */
export interface TokenRewardBatch {
  readonly logprobs: Rows;
  /** The reference policy's; the same as `logprobs` where there is none, so that the KL is 0. */
  readonly refLogprobs: Rows;
  /** 1 for the policy's own tokens. A row without any is left out: no reward, no value. */
  readonly mask: Rows;
  /** Score of each completion, [B]. */
  readonly scores: ArrayLike<number>;
  /** Whether the completion ended by itself, [B]; for missingEosPenalty. */
  readonly ended: readonly boolean[];
}

export interface TokenRewardOptions {
  readonly klEstimator: string;
  readonly klCoef: number;
  /** Subtracted from the score of a completion that did not end by itself. */
  readonly missingEosPenalty?: number | undefined;
  /**
   * Where the score goes: on the completion's last token (verl), or one position past it unless the row ends there
   * (TRL, whose value function therefore has one position more).
   */
  readonly scorePlacement: 'last-token' | 'past-last';
  /** Divide rewards by their std over the batch, keeping their mean. */
  readonly whitenRewards?: boolean | undefined;
}

export interface TokenRewards extends Pick<Penalised, 'kl' | 'metrics'> {
  /** Scores after the penalty, [B]. */
  readonly scores: Float32Array;
  /** KL estimate of each token, 0 where masked, [B][T]. */
  readonly tokenKl: number[][];
  /** −klCoef·KL. */
  readonly penalty: Float32Array[];
  /** Penalty plus score, whitened when asked. */
  readonly rewards: Float32Array[];
}

/** The reward of each token: a KL penalty against the reference policy, and the score at the end. */
export function tokenRewards(batch: TokenRewardBatch, options: TokenRewardOptions): TokenRewards {
  const scores = Float32Array.from(batch.scores, (score, b) =>
    batch.ended[b] ? score : score - (options.missingEosPenalty ?? 0),
  );
  const placed = batch.mask.map((row, b) => {
    const out = new Float32Array(row.length);
    const at = scoreIndex(row, options);
    if (at >= 0) out[at] = scores[b]!;
    return out;
  });
  const { klEstimator: estimator, klCoef: coef } = options;
  const { tokens, rewards, kl, metrics } = penaliseKl(placed, batch, { estimator, coef });
  const penalty = tokens.map((row) => Float32Array.from(row, (value) => -coef * value));
  const shared = { scores, tokenKl: tokens, penalty, kl, metrics };
  if (!options.whitenRewards) return { ...shared, rewards };
  const mask = valueMask(batch, options);
  return { ...shared, rewards: masked(maskedWhiten(rewards, mask, false), mask) };
}

/** 1 where a value is estimated, [B][T]: the policy's own tokens, and the position that carries the score. */
export function valueMask(
  { mask }: Pick<TokenRewardBatch, 'mask'>,
  options: Pick<TokenRewardOptions, 'scorePlacement'>,
): number[][] {
  return mask.map((row) => {
    const end = scoreIndex(row, options);
    return Array.from(row, (m, t) => (t === end ? 1 : m));
  });
}

/** Where a row's score goes; −1 for a row without own tokens. */
function scoreIndex(
  mask: ArrayLike<number>,
  { scorePlacement }: Pick<TokenRewardOptions, 'scorePlacement'>,
): number {
  const last = Array.from(mask).lastIndexOf(1);
  const past = scorePlacement === 'past-last' && last >= 0 && last + 1 < mask.length;
  return past ? last + 1 : last;
}
