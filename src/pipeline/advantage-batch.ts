import type { AdvantageBatch } from '../algorithm/advantage/types.ts';
import type { ScoredGroup } from '../types.ts';

/**
 * Scored groups as advantage estimators read them. The reward of a completion is that of its last token. All its tokens
 * count, cut off or not: what is left out of the loss still tells how good the others are; one without any reward doesn't.
 */
export function advantageBatch(
  groups: readonly ScoredGroup[],
  weights: readonly number[],
): AdvantageBatch & { readonly scores: (number | null)[][] } {
  const rewards = groups.flatMap((group) => group.rewards);
  const lengths = groups.flatMap(({ rollouts }) => rollouts.map(({ tokenIds }) => tokenIds.length));
  const scored = rewards.map((reward) => (Number.isNaN(reward) ? 0 : 1));
  return {
    rewards,
    groups: groups.flatMap(({ rollouts }, p) => rollouts.map(() => p)),
    scores: weights.map((_, f) => groups.flatMap((group) => group.scores[f]!)),
    weights,
    mask: lengths.map((length, b) => new Array<number>(length).fill(scored[b]!)),
    tokenRewards: lengths.map((length, b) =>
      Array.from({ length }, (_, t) => (t === length - 1 && scored[b] ? rewards[b]! : 0)),
    ),
    baselines: baselines(groups),
  };
}

/** Each completion's greedy reward, [B]; a greedy completion that no reward applies to counts as 0. */
function baselines(groups: readonly ScoredGroup[]): number[] | undefined {
  if (groups.some(({ baseline }) => baseline === undefined)) return undefined;
  return groups.flatMap(({ rollouts, baseline }) =>
    rollouts.map(() => (Number.isNaN(baseline) ? 0 : baseline!)),
  );
}
