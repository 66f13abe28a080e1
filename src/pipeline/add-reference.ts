import { concatMap, type OperatorFunction } from 'rxjs';
import type { Policy } from '../policy/policy.ts';
import type { Group, RolloutBatch } from '../types.ts';

/** Adds the reference policy's log-probs, which a KL term compares with. */
export function addReference<G extends Group>(
  policy: Pick<Policy, 'referenceLogprobs'>,
): OperatorFunction<RolloutBatch<G>, RolloutBatch<G>> {
  return concatMap(async (batch) => {
    const reference = await policy.referenceLogprobs(batch.groups);
    const groups = batch.groups.map((group, p) => ({ ...group, refLogprobs: reference[p]! }));
    return { ...batch, groups };
  });
}
