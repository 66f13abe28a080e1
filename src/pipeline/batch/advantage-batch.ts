import type { AdvantageBatch } from '../../algorithm/advantage/types.ts';
import { valueSettings } from '../../algorithm/algorithm-settings.ts';
import { type TokenRewards, tokenRewards, valueMask } from '../../algorithm/ppo/token-rewards.ts';
import { rowSum } from '../../algorithm/statistics/aggregation.ts';
import type { Recipe } from '../../recipe/recipe.ts';
import { completionMask } from '../../rollout/completion-mask.ts';
import { hasEnded } from '../../rollout/has-ended.ts';
import type { ScoredRollout } from '../../types.ts';

export interface AdvantageSettings {
  readonly algorithm: Recipe['algorithm'];
  /** The weights of the reward functions. */
  readonly weights: readonly number[];
  /** The coefficient of a KL penalty in the rewards. */
  readonly klCoef: number;
}

/** A rollout batch as advantage estimators read it, and the token rewards it was made from. */
export interface EstimatorBatch {
  readonly batch: AdvantageBatch & { readonly scores: (number | null)[][] };
  readonly tokens: TokenRewards;
  /** Log-probs of the tokens, rows as long as the token rewards'. */
  readonly logprobs: readonly (readonly number[])[];
}

/**
 * Scored rollouts as advantage estimators read them: rewards token by token, with KL penalty and missing-EOS penalty,
 * and their sum. All tokens of the policy count, cut off or not: what is left out of the loss still tells how good the
 * others are. A completion without any reward doesn't count. Where scores stand past the last token, rows of texts that
 * ended are one longer, T + 1.
 */
export function advantageBatch(
  rollouts: readonly ScoredRollout[],
  { algorithm, weights, klCoef }: AdvantageSettings,
): EstimatorBatch {
  const value = valueSettings(algorithm);
  const scorePlacement = value?.scorePlacement ?? 'last-token';
  const rewards = rollouts.map(({ reward }) => reward);
  const scored = rewards.map((reward) => !Number.isNaN(reward));
  /** [B][T] → [B][T or T + 1] */
  const withPlaceOfScore = (rows: readonly (readonly number[])[]) =>
    rows.map((row, b) => (scorePlacement === 'past-last' && hasEnded(rollouts[b]!) ? [...row, 0] : row));

  const logprobs = withPlaceOfScore(rollouts.map((rollout) => rollout.logprobs));
  const mask = withPlaceOfScore(
    rollouts.map((rollout, b) => completionMask(rollout).map((own) => (scored[b] ? own : 0))),
  );
  const penalised = algorithm.klIn === 'reward' && klCoef !== 0;
  const refLogprobs = penalised
    ? withPlaceOfScore(rollouts.map((rollout) => rollout.refLogprobs!))
    : logprobs;
  const placement = { scorePlacement, whitenRewards: value?.whitenRewards };
  const tokens = tokenRewards(
    { logprobs, refLogprobs, mask, scores: rewards, ended: rollouts.map(hasEnded) },
    { ...algorithm, ...placement, klCoef: penalised ? klCoef : 0 },
  );
  return {
    batch: {
      rewards: penalised ? outcomes(tokens, scored) : tokens.scores,
      groups: rollouts.map(({ group }) => group),
      scores: weights.map((_, f) => rollouts.map(({ scores }) => scores[f]!)),
      weights,
      mask,
      tokenRewards: tokens.rewards,
      baselines: baselines(rollouts),
      ...(value && {
        values: rollouts.map((rollout, b) => rollout.values!.slice(0, mask[b]!.length)),
        valueMask: valueMask({ mask }, placement),
      }),
    },
    tokens,
    logprobs,
  };
}

/** What a whole completion earned, penalties included, [B]; NaN without any reward. */
const outcomes = ({ rewards }: TokenRewards, scored: readonly boolean[]): number[] =>
  rewards.map((row, b) => (scored[b] ? rowSum(row) : Number.NaN));

/** Each completion's greedy reward, [B]; a greedy completion that no reward applies to counts as 0. */
function baselines(rollouts: readonly ScoredRollout[]): number[] | undefined {
  if (rollouts.some(({ baseline }) => baseline === undefined)) return undefined;
  return rollouts.map(({ baseline }) => (Number.isNaN(baseline) ? 0 : baseline!));
}
