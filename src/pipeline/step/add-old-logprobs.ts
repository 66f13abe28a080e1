import type { ReadyBatch } from '../../policy/batch/train-batch.ts';
import type { Policy } from '../../policy/policy.ts';

/**
 * Adds each token's log-prob under the policy that is about to train on the batch, at its current weights and β. With
 * the sampler ahead these differ from what it recorded: samplerCorrection weighs by the difference, and the ratio
 * starts at 1.
 */
export async function addOldLogprobs(
  policy: Pick<Policy, 'logprobs'>,
  ready: ReadyBatch,
  signal?: AbortSignal,
): Promise<ReadyBatch> {
  const { batch } = ready;
  if (batch.objective !== 'rl') return ready;
  const old = await policy.logprobs(batch.rollouts, signal);
  const rollouts = batch.rollouts.map((rollout, b) => ({ ...rollout, oldLogprobs: old[b]! }));
  return { ...ready, batch: { ...batch, rollouts } };
}
