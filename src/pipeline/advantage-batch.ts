import type { AdvantageBatch } from '../algorithm/advantage/types.ts';
import { valueSettings } from '../algorithm/algorithm-settings.ts';
import { type TokenRewards, tokenRewards, valueMask } from '../algorithm/ppo/token-rewards.ts';
import { rowSum } from '../algorithm/statistics/aggregation.ts';
import type { Recipe } from '../recipe/recipe.ts';
import { ended } from '../rollout/ended.ts';
import { ownTokens } from '../rollout/own-tokens.ts';
import type { ScoredGroup } from '../types.ts';

export interface AdvantageSettings {
  readonly algorithm: Recipe['algorithm'];
  /** Of the reward functions. */
  readonly weights: readonly number[];
  /** Of a KL penalty in the rewards. */
  readonly klCoef: number;
}

/** A rollout batch as advantage estimators read it, and the token rewards that it was made of. */
export interface JudgedBatch {
  readonly batch: AdvantageBatch & { readonly scores: (number | null)[][] };
  readonly tokens: TokenRewards;
  /** Log-probs of the tokens, rows as long as the token rewards'. */
  readonly logprobs: readonly (readonly number[])[];
}

/**
 * Scored groups as advantage estimators read them: rewards token by token, with KL penalty and missing-EOS penalty, and their
 * sum. All tokens of the policy count, cut off or not: what is left out of the loss still tells how good the others are. A completion without
 * any reward doesn't count. With a value whose score stands past the last token, rows of texts that ended are one longer.
 */
export function advantageBatch(groups: readonly ScoredGroup[], settings: AdvantageSettings): JudgedBatch {
  const { algorithm, weights } = settings;
  const value = valueSettings(algorithm);
  const scorePlacement = value?.scorePlacement ?? 'last-token';
  const rollouts = groups.flatMap((group) => group.rollouts);
  const rewards = groups.flatMap((group) => group.rewards);
  const scored = rewards.map((reward) => !Number.isNaN(reward));
  const past = rollouts.map((rollout) => (ended(rollout) && scorePlacement === 'past-last' ? 1 : 0));
  const widened = (rows: readonly (readonly number[])[]) =>
    rows.map((row, b) => (past[b] ? [...row, 0] : row));

  const logprobs = widened(rollouts.map((rollout) => rollout.logprobs));
  const mask = widened(rollouts.map((rollout, b) => ownTokens(rollout).map((own) => (scored[b] ? own : 0))));
  const penalised = algorithm.klIn === 'reward' && settings.klCoef !== 0;
  const refLogprobs = penalised ? widened(groups.flatMap((group) => group.refLogprobs!)) : logprobs;
  const placement = { scorePlacement, whitenRewards: value?.whitenRewards };
  const tokens = tokenRewards(
    { logprobs, refLogprobs, mask, scores: rewards, ended: rollouts.map(ended) },
    { ...algorithm, ...placement, klCoef: penalised ? settings.klCoef : 0 },
  );
  return {
    batch: {
      rewards: penalised ? outcomes(tokens, scored) : tokens.scores,
      groups: groups.flatMap((group, p) => group.rollouts.map(() => p)),
      scores: weights.map((_, f) => groups.flatMap((group) => group.scores[f]!)),
      ...{ weights, mask, tokenRewards: tokens.rewards, baselines: baselines(groups) },
      ...(value && {
        values: groups.flatMap((group) => group.values!).map((row, b) => row.slice(0, mask[b]!.length)),
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
function baselines(groups: readonly ScoredGroup[]): number[] | undefined {
  if (groups.some(({ baseline }) => baseline === undefined)) return undefined;
  return groups.flatMap(({ rollouts, baseline }) =>
    rollouts.map(() => (Number.isNaN(baseline) ? 0 : baseline!)),
  );
}
