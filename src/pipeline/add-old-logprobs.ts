import type { Policy, ReadyBatch } from '../policy/policy.ts';

/**
 * Notes each token's log-prob under the policy that is about to train on the batch, weights and β of now. With the sampler
 * ahead these differ from what it recorded: samplerCorrection weighs by the difference, and the ratio starts at 1.
 */
export async function addOldLogprobs(
  policy: Pick<Policy, 'logprobs'>,
  ready: ReadyBatch,
): Promise<ReadyBatch> {
  const { batch } = ready;
  if (batch.objective !== 'rl') return ready;
  const old = await policy.logprobs(batch.groups);
  const groups = batch.groups.map((group, p) => ({ ...group, oldLogprobs: old[p]! }));
  return { ...ready, batch: { ...batch, groups } };
}
