import type { TrainBatch } from '../policy/policy.ts';

/**
 * The part of a rollout batch that its `iteration`-th optimiser step trains on: every pass goes through the batch in `parts`
 * parts of as many prompts each, always in the same order; a prompt's completions stay together.
 */
export function partOf(batch: TrainBatch, iteration: number, parts: number): TrainBatch {
  if (parts === 1) return batch;
  if (batch.objective === 'rl') return { ...batch, groups: cut(batch.groups, iteration % parts, parts) };
  return { ...batch, examples: cut(batch.examples, iteration % parts, parts) };
}

function cut<T>(items: readonly T[], part: number, parts: number): readonly T[] {
  const size = items.length / parts;
  return items.slice(part * size, (part + 1) * size);
}
