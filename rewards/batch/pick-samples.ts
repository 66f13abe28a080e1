import type { RewardBatch } from '../../src/types.ts';

/** The batch of some of a batch's samples, in the order of the indices. */
export function pickSamples(batch: RewardBatch, indices: readonly number[]): RewardBatch {
  const pick = <T>(values: readonly T[]): T[] => indices.map((i) => values[i]!);
  return {
    ...batch,
    tasks: pick(batch.tasks),
    prompts: pick(batch.prompts),
    completions: pick(batch.completions),
    completionIds: pick(batch.completionIds),
    messages: pick(batch.messages),
    ...(batch.promptTexts === undefined ? {} : { promptTexts: pick(batch.promptTexts) }),
  };
}
