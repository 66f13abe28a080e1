import { grpo } from '../algorithm/advantage/grpo.ts';
import { grpoNormalizeThenSum } from '../algorithm/advantage/grpo-normalize-then-sum.ts';
import { estimatorNamed } from '../algorithm/advantage/index.ts';
import type { Advantages } from '../algorithm/advantage/types.ts';
import { rowSum } from '../algorithm/aggregation.ts';
import { completionMetrics } from '../algorithm/completions.ts';
import { rewardMetrics } from '../algorithm/rewards.ts';
import type { Recipe } from '../config.ts';
import type { ScoredGroup } from '../types.ts';
import type { Judge, Judged } from './add-advantages.ts';
import { advantageBatch } from './advantage-batch.ts';
import type { NamedReward } from './call-reward.ts';

type Settings = Pick<Recipe['algorithm'], 'advantage' | 'scaleRewards' | 'rewardAggregation' | 'compat'>;

/** The recipe's advantages for a batch of groups, with TRL's metrics of rewards and completions. */
export function judgeBy(rewards: readonly NamedReward[], settings: Settings): Judge {
  const { advantage, scaleRewards, rewardAggregation, compat } = settings;
  const names = rewards.map((reward) => reward.name);
  const weights = rewards.map((reward) => reward.weight);
  const estimate = rewardAggregation === 'sum' ? estimatorNamed(advantage.estimator) : grpoNormalizeThenSum;
  return (groups) => {
    const batch = advantageBatch(groups, weights);
    const result = estimate(batch, { ...advantage, scaleRewards, compat });
    return {
      ...byGroup(groups, result),
      metrics: {
        ...completionMetrics(facts(groups)),
        ...rewardMetrics(batch.scores, names, Array.from(batch.rewards)),
        // Whatever the estimator, the share of groups that tell nothing is worth knowing.
        ...grpo(batch, {}).metrics,
        ...result.metrics,
      },
    };
  };
}

function facts(groups: readonly ScoredGroup[]) {
  const rollouts = groups.flatMap((group) => group.rollouts);
  return {
    lengths: rollouts.map((rollout) => rollout.tokenIds.length),
    truncated: rollouts.map((rollout) => rollout.finishReason === 'length'),
  };
}

/** One advantage a completion as it is; of one a token, both those and their mean. */
function byGroup(groups: readonly ScoredGroup[], { advantages }: Advantages): Omit<Judged, 'metrics'> {
  if (advantages instanceof Float32Array) return { advantages: split(groups, Array.from(advantages)) };
  return {
    advantages: split(
      groups,
      advantages.map((row) => rowSum(row) / row.length),
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
