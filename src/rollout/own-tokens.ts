import type { Rollout } from '../types.ts';

/** 1 for each token of a rollout that the policy wrote, 0 for those of the environment. */
export const ownTokens = ({ tokenIds, ownTokens }: Rollout): readonly number[] =>
  ownTokens ?? tokenIds.map(() => 1);

/** How many tokens of a rollout the policy wrote. */
export const ownLength = (rollout: Rollout): number => ownTokens(rollout).reduce((sum, own) => sum + own, 0);
