import { concatMap, type OperatorFunction } from 'rxjs';
import type { NamedReward } from '../environment/scoring/call-reward.ts';
import { scoreGroups } from '../environment/scoring/score-groups.ts';
import { ended } from '../rollout/ended.ts';
import type { RolloutBatch, ScoredGroup } from '../types.ts';

export interface BaselineOptions {
  readonly stepsPerBatch: number;
  /** Subtracted, as from the sampled ones, where the completion did not end by itself. */
  readonly missingEosPenalty: number;
}

/** Scores each prompt's greedy completion, which `rollOut` sampled, in place of which comes the reward: the group's baseline. */
export function addBaselines(
  rewards: readonly NamedReward[],
  { stepsPerBatch, missingEosPenalty }: BaselineOptions,
): OperatorFunction<RolloutBatch<ScoredGroup>, RolloutBatch<ScoredGroup>> {
  return concatMap(async (batch) => {
    const alone = batch.groups.map(({ greedy, ...group }) => ({ ...group, rollouts: [greedy!] }));
    const { signal } = new AbortController();
    const scored = await scoreGroups(alone, { rewards, step: batch.index * stepsPerBatch, signal });
    const groups = batch.groups.map(({ greedy, ...group }, p) => ({
      ...group,
      baseline: scored.groups[p]!.rewards[0]! - (ended(greedy!) ? 0 : missingEosPenalty),
    }));
    return { ...batch, groups };
  });
}
