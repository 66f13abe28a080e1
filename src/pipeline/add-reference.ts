import { concatMap, type OperatorFunction } from 'rxjs';
import type { Policy } from '../policy/policy.ts';
import type { AdvantagedGroup, RolloutBatch } from '../types.ts';
import type { ReadyBatch } from './batches.ts';

/** Makes scored rollouts a batch to train on, with the reference policy's log-probs when KL is in the loss. */
export function addReference(
  policy: Pick<Policy, 'referenceLogprobs'>,
  klCoef: number,
): OperatorFunction<RolloutBatch<AdvantagedGroup>, ReadyBatch> {
  return concatMap(async ({ groups, ...rest }): Promise<ReadyBatch> => {
    if (klCoef === 0) return { ...rest, batch: { objective: 'rl', groups } };
    const reference = await policy.referenceLogprobs(groups);
    const withReference = groups.map((group, p) => ({ ...group, refLogprobs: reference[p]! }));
    return { ...rest, batch: { objective: 'rl', groups: withReference } };
  });
}
