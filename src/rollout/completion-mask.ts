import type { Rollout } from '../types.ts';

/** 1 for each token of a rollout that the policy wrote, 0 for those of the environment, [T]. */
export const completionMask = ({
  tokenIds,
  completionMask,
}: Pick<Rollout, 'tokenIds' | 'completionMask'>): readonly number[] =>
  completionMask ?? tokenIds.map(() => 1);

/** How many tokens of a rollout the policy wrote. */
export const completionLength = (rollout: Pick<Rollout, 'tokenIds' | 'completionMask'>): number =>
  completionMask(rollout).reduce((sum, own) => sum + own, 0);
