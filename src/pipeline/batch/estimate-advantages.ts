import { zeroStdShare } from '../../algorithm/advantage/grpo.ts';
import { estimateAdvantages } from '../../algorithm/advantage/index.ts';
import type { Advantages } from '../../algorithm/advantage/types.ts';
import { completionMetrics } from '../../algorithm/completions.ts';
import { explainedVariance } from '../../algorithm/ppo/explained-variance.ts';
import { objectiveMetrics } from '../../algorithm/ppo/objective.ts';
import { rowSum } from '../../algorithm/statistics/aggregation.ts';
import { rewardMetrics } from '../../environment/scoring/aggregate-scores.ts';
import type { NamedReward } from '../../environment/scoring/call-reward.ts';
import type { Recipe } from '../../recipe/recipe.ts';
import { completionLength } from '../../rollout/completion-mask.ts';
import { hasEnded } from '../../rollout/has-ended.ts';
import type { AdvantagedRollout, ScoredRollout, ValueTargets } from '../../types.ts';
import type { EstimateAdvantages } from './add-advantages.ts';
import { advantageBatch, type EstimatorBatch } from './advantage-batch.ts';

/** The recipe's advantages of a batch, with TRL's metrics of rewards and completions. */
export function advantagesBy(
  rewards: readonly NamedReward[],
  algorithm: Recipe['algorithm'],
): EstimateAdvantages {
  const names = rewards.map((reward) => reward.name);
  const weights = rewards.map((reward) => reward.weight);
  return (rollouts, klCoef) => {
    const read = advantageBatch(rollouts, { algorithm, weights, klCoef });
    const result = estimateAdvantages(read.batch, algorithm);
    return {
      rollouts: withAdvantages(rollouts, read, result),
      kl: read.tokens.kl,
      metrics: {
        ...completionMetrics({
          // As TRL counts them: the policy's tokens, without a tool's.
          lengths: rollouts.map(completionLength),
          truncated: rollouts.map((rollout) => !hasEnded(rollout)),
        }),
        ...rewardMetrics(
          read.batch.scores,
          names,
          rollouts.map(({ reward }) => reward),
        ),
        // The share of groups without any difference is logged for every estimator.
        ...(new Set(rollouts.map(({ group }) => group)).size < rollouts.length && zeroStdShare(read.batch)),
        ...result.metrics,
        ...tokenMetrics(rollouts, read, { ...algorithm, klCoef }),
        ...valueMetrics(read, result),
      },
    };
  };
}

/** Adds each completion's advantage. Where each token has its own, adds those and their mean. */
function withAdvantages(
  rollouts: readonly ScoredRollout[],
  read: EstimatorBatch,
  result: Advantages,
): AdvantagedRollout[] {
  const targets = read.batch.valueMask && valueTargets(read, result);
  const { advantages } = result;
  return rollouts.map((rollout, b) => ({
    ...rollout,
    ...advantageOf(rollout, advantages[b]!),
    ...(targets && { valueTargets: targets[b]! }),
  }));
}

function advantageOf(rollout: ScoredRollout, advantage: number | Float32Array) {
  if (typeof advantage === 'number') return { advantage };
  const mean = rowSum(advantage) / completionLength(rollout);
  return { advantage: mean, tokenAdvantages: Array.from(advantage) };
}

/** Metrics of token rewards: TRL's objective/*, or verl's. */
function tokenMetrics(
  rollouts: readonly ScoredRollout[],
  { batch, tokens, logprobs }: EstimatorBatch,
  { compat, klIn, klCoef }: Pick<Recipe['algorithm'], 'compat' | 'klIn' | 'klCoef'>,
): Record<string, number> {
  const penalised = klIn === 'reward' && klCoef !== 0;
  if (!penalised && batch.valueMask === undefined) return {};
  const { 'objective/kl': kl, ...objective } = objectiveMetrics(tokens, logprobs);
  return {
    ...objective,
    // Without a penalty nobody measured the KL.
    ...(penalised && { 'objective/kl': kl }),
    'val/num_eos_tokens': rollouts.filter(({ finishReason }) => finishReason === 'eos').length,
    ...(penalised && { kl_coef: klCoef }),
    ...(penalised && compat === 'verl' && tokens.metrics),
  };
}

function valueTargets({ batch }: EstimatorBatch, { returns }: Advantages): ValueTargets[] {
  return batch.values!.map((values, b) => ({
    values: Array.from(values),
    returns: Array.from(returns![b]!),
    mask: Array.from(batch.valueMask![b]!),
  }));
}

function valueMetrics({ batch }: EstimatorBatch, { returns }: Advantages): Record<string, number> {
  const { values, valueMask } = batch;
  if (values === undefined || valueMask === undefined) return {};
  return { 'val/explained_variance': explainedVariance(values, returns!, valueMask) };
}
