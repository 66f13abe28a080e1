import type { Rows } from '../aggregation.ts';
import { klNamed } from '../kl/index.ts';
import { masked, maskedWhiten } from '../masked-statistics.ts';

/** Rows of sampled tokens, [B][T], with one score a completion. */
export interface PpoBatch {
  readonly logprobs: Rows;
  readonly refLogprobs: Rows;
  /** Score of each completion, [B]. */
  readonly scores: ArrayLike<number>;
  /** Index of each completion's last token, [B]. */
  readonly last: readonly number[];
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
  readonly whitenRewards: boolean;
}

export interface TokenRewards {
  /** Scores after the penalty, [B]. */
  readonly scores: Float32Array;
  /** KL estimate of each token, 0 after the last, [B][T]. */
  readonly kl: number[][];
  /** −klCoef·KL. */
  readonly penalty: Float32Array[];
  /** Penalty plus score, whitened when asked. */
  readonly rewards: Float32Array[];
}

/** PPO's reward of each token: a KL penalty against the reference policy, and the score at the end. */
export function tokenRewards(batch: PpoBatch, options: TokenRewardOptions): TokenRewards {
  const { of } = klNamed(options.klEstimator);
  const kl = batch.logprobs.map((row, b) =>
    Array.from(row, (logprob, t) => (t <= batch.last[b]! ? of(logprob, batch.refLogprobs[b]![t]!) : 0)),
  );
  const penalty = kl.map((row) => Float32Array.from(row, (value) => -options.klCoef * value));
  const scores = Float32Array.from(batch.scores, (score, b) =>
    batch.ended[b] ? score : score - (options.missingEosPenalty ?? 0),
  );
  const rewards = penalty.map((row, b) => {
    const out = row.slice();
    out[scoreIndex(batch.last[b]!, row.length, options)]! += scores[b]!;
    return out;
  });
  if (!options.whitenRewards) return { scores, kl, penalty, rewards };
  const mask = valueMask(batch, options);
  return { scores, kl, penalty, rewards: masked(maskedWhiten(rewards, mask, false), mask) };
}

/** 1 where a value is estimated, [B][T]: up to and with the position that carries the score. */
export function valueMask(
  { logprobs, last }: Pick<PpoBatch, 'logprobs' | 'last'>,
  options: Pick<TokenRewardOptions, 'scorePlacement'>,
): number[][] {
  return logprobs.map((row, b) => {
    const end = scoreIndex(last[b]!, row.length, options);
    return Array.from({ length: row.length }, (_, t) => (t <= end ? 1 : 0));
  });
}

function scoreIndex(
  last: number,
  width: number,
  { scorePlacement }: Pick<TokenRewardOptions, 'scorePlacement'>,
) {
  return scorePlacement === 'past-last' && last + 1 < width ? last + 1 : last;
}
