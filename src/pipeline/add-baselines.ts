import { concatMap, type OperatorFunction } from 'rxjs';
import type { RolloutBatch, ScoredGroup } from '../types.ts';
import type { NamedReward } from './call-reward.ts';
import { scoreGroups } from './score-groups.ts';

/** Scores each prompt's greedy completion, which `rollOut` sampled, in place of which comes the reward: the group's baseline. */
export function addBaselines(
  rewards: readonly NamedReward[],
  stepsPerBatch: number,
): OperatorFunction<RolloutBatch<ScoredGroup>, RolloutBatch<ScoredGroup>> {
  return concatMap(async (batch) => {
    const alone = batch.groups.map(({ greedy, ...group }) => ({ ...group, rollouts: [greedy!] }));
    const { signal } = new AbortController();
    const scored = await scoreGroups(alone, { rewards, step: batch.index * stepsPerBatch, signal });
    const groups = batch.groups.map(({ greedy: _, ...group }, p) => ({
      ...group,
      baseline: scored.groups[p]!.rewards[0]!,
    }));
    return { ...batch, groups };
  });
}
