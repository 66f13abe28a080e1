import { concatMap, type OperatorFunction } from 'rxjs';
import type { Policy } from '../../policy/policy.ts';
import type { Rollout, RolloutBatch } from '../../types.ts';

/** Adds the reference policy's log-probs, which a KL term compares with. Aborting the signal ends that. */
export function addReference<R extends Rollout>(
  policy: Pick<Policy, 'referenceLogprobs'>,
  signal?: AbortSignal,
): OperatorFunction<RolloutBatch<R>, RolloutBatch<R>> {
  return concatMap(async (batch) => {
    const reference = await policy.referenceLogprobs(batch.rollouts, signal);
    const rollouts = batch.rollouts.map((rollout, b) => ({ ...rollout, refLogprobs: reference[b]! }));
    return { ...batch, rollouts };
  });
}
