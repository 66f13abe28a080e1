import { zeroStdShare } from '../algorithm/advantage/grpo.ts';
import { estimateAdvantages } from '../algorithm/advantage/index.ts';
import type { Advantages } from '../algorithm/advantage/types.ts';
import { completionMetrics } from '../algorithm/completions.ts';
import { explainedVariance } from '../algorithm/ppo/explained-variance.ts';
import { objectiveMetrics } from '../algorithm/ppo/objective.ts';
import { rowSum } from '../algorithm/statistics/aggregation.ts';
import { rewardMetrics } from '../environment/scoring/aggregate-scores.ts';
import type { NamedReward } from '../environment/scoring/call-reward.ts';
import type { Recipe } from '../recipe/recipe.ts';
import { ended } from '../rollout/ended.ts';
import { ownLength } from '../rollout/own-tokens.ts';
import type { ScoredGroup, ValueTargets } from '../types.ts';
import type { Judge, Judged } from './add-advantages.ts';
import { advantageBatch, type JudgedBatch } from './advantage-batch.ts';

/** The recipe's advantages for a batch of groups, with TRL's metrics of rewards and completions. */
export function judgeBy(rewards: readonly NamedReward[], algorithm: Recipe['algorithm']): Judge {
  const names = rewards.map((reward) => reward.name);
  const weights = rewards.map((reward) => reward.weight);
  return (groups, klCoef) => {
    const judged = advantageBatch(groups, { algorithm, weights, klCoef });
    const result = estimateAdvantages(judged.batch, algorithm);
    return {
      ...byGroup(groups, result),
      ...(judged.batch.valueMask && { valueTargets: split(groups, valueTargets(judged, result)) }),
      kl: judged.tokens.kl,
      metrics: {
        ...completionMetrics(facts(groups)),
        ...rewardMetrics(
          judged.batch.scores,
          names,
          groups.flatMap((group) => group.rewards),
        ),
        // Whatever the estimator, the share of groups that tell nothing is worth knowing.
        ...(groups.some(({ rollouts }) => rollouts.length > 1) && zeroStdShare(judged.batch)),
        ...result.metrics,
        ...tokenMetrics(groups, judged, { ...algorithm, klCoef }),
        ...valueMetrics(judged, result),
      },
    };
  };
}

/** What there is to say of rewards that tokens have of their own: TRL's objective/*, or verl's. */
function tokenMetrics(
  groups: readonly ScoredGroup[],
  { batch, tokens, logprobs }: JudgedBatch,
  { compat, klIn, klCoef }: Pick<Recipe['algorithm'], 'compat' | 'klIn' | 'klCoef'>,
): Record<string, number> {
  const penalised = klIn === 'reward' && klCoef !== 0;
  if (!penalised && batch.valueMask === undefined) return {};
  const atEos = groups.flatMap(({ rollouts }) => rollouts.filter((r) => r.finishReason === 'eos'));
  const { 'objective/kl': kl, ...objective } = objectiveMetrics(tokens, logprobs);
  return {
    ...objective,
    // Nobody measured it otherwise.
    ...(penalised && { 'objective/kl': kl }),
    'val/num_eos_tokens': atEos.length,
    ...(penalised && { kl_coef: klCoef }),
    ...(penalised && compat === 'verl' && tokens.metrics),
  };
}

function valueTargets({ batch }: JudgedBatch, { returns }: Advantages): ValueTargets[] {
  return batch.values!.map((values, b) => ({
    values: Array.from(values),
    returns: Array.from(returns![b]!),
    mask: Array.from(batch.valueMask![b]!),
  }));
}

function valueMetrics({ batch }: JudgedBatch, { returns }: Advantages): Record<string, number> {
  const { values, valueMask } = batch;
  if (values === undefined || valueMask === undefined) return {};
  return { 'val/explained_variance': explainedVariance(values, returns!, valueMask) };
}

function facts(groups: readonly ScoredGroup[]) {
  const rollouts = groups.flatMap((group) => group.rollouts);
  return {
    // As TRL counts them: the policy's tokens, without what a tool said.
    lengths: rollouts.map(ownLength),
    truncated: rollouts.map((rollout) => !ended(rollout)),
  };
}

/** One advantage a completion as it is; of one a token, both those and their mean. */
function byGroup(
  groups: readonly ScoredGroup[],
  { advantages }: Advantages,
): Pick<Judged, 'advantages' | 'tokenAdvantages'> {
  if (advantages instanceof Float32Array) return { advantages: split(groups, Array.from(advantages)) };
  const { lengths } = facts(groups);
  return {
    advantages: split(
      groups,
      advantages.map((row, b) => rowSum(row) / lengths[b]!),
    ),
    tokenAdvantages: split(
      groups,
      advantages.map((row) => Array.from(row)),
    ),
  };
}

/** [P·G] → [P][G]. */
function split<T>(groups: readonly ScoredGroup[], values: readonly T[]): T[][] {
  let start = 0;
  return groups.map((group) => {
    const own = values.slice(start, start + group.rollouts.length);
    start += group.rollouts.length;
    return own;
  });
}
