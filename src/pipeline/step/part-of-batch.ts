import type { TrainBatch } from '../../policy/batch/train-batch.ts';
import { byGroup } from '../../rollout/groups.ts';

/** Which part of a batch: the `iteration`-th of passes that go through it in `parts` parts each. */
export interface Part {
  readonly iteration: number;
  readonly parts: number;
  /** The order of the prompts in a pass, a permutation; as they are when left out. */
  readonly order?: ((pass: number, prompts: number) => readonly number[]) | undefined;
}

/**
 * The part of a rollout batch that its `iteration`-th optimiser step trains on: as many prompts as every other; a
 * prompt's completions stay together.
 */
export function partOf(batch: TrainBatch, part: Part): TrainBatch {
  if (part.parts === 1 && part.order === undefined) return batch;
  if (batch.objective === 'rl') return { ...batch, rollouts: cut(byGroup(batch.rollouts), part).flat() };
  if (batch.objective === 'draft') return { ...batch, rollouts: cut(byGroup(batch.rollouts), part).flat() };
  return { ...batch, examples: cut(batch.examples, part) };
}

function cut<T>(items: readonly T[], { iteration, parts, order }: Part): readonly T[] {
  const pass = Math.floor(iteration / parts);
  const ordered = order ? order(pass, items.length).map((i) => items[i]!) : items;
  const size = items.length / parts;
  const start = (iteration % parts) * size;
  return ordered.slice(start, start + size);
}
