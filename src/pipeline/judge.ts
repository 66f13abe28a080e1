import { grpo, type ScaleRewards } from '../algorithm/advantage/grpo.ts';
import { completionMetrics } from '../algorithm/completions.ts';
import { rewardMetrics } from '../algorithm/rewards.ts';
import type { ScoredGroup } from '../types.ts';
import type { Judge } from './add-advantages.ts';
import type { NamedReward } from './call-reward.ts';

/** GRPO's advantages for a batch of groups, with TRL's metrics of rewards and completions. */
export function grpoJudge(rewards: readonly NamedReward[], scaleRewards: ScaleRewards): Judge {
  const names = rewards.map((reward) => reward.name);
  return (groups) => {
    const rollouts = groups.flatMap((group) => group.rollouts);
    const total = groups.flatMap((group) => group.rewards);
    const owners = groups.flatMap((group, p) => group.rollouts.map(() => p));
    const { advantages, metrics } = grpo({ rewards: total, groups: owners }, { scaleRewards });
    const truncated = rollouts.map((rollout) => rollout.finishReason === 'length');
    const lengths = rollouts.map((rollout) => rollout.tokenIds.length);
    return {
      advantages: split(groups, Array.from(advantages as Float32Array)),
      metrics: {
        ...completionMetrics({ lengths, truncated }),
        ...rewardMetrics(joinScores(groups, names.length), names, total),
        ...metrics,
      },
    };
  };
}

/** [P·G] → [P][G]. */
function split(groups: readonly ScoredGroup[], values: readonly number[]): number[][] {
  let start = 0;
  return groups.map((group) => {
    const own = values.slice(start, start + group.rollouts.length);
    start += group.rollouts.length;
    return own;
  });
}

/** [rewards][P·G] from each group's [rewards][G]. */
function joinScores(groups: readonly ScoredGroup[], functions: number): (number | null)[][] {
  return Array.from({ length: functions }, (_, f) => groups.flatMap((group) => group.scores[f]!));
}
