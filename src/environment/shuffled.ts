import { type RandomStream, randomStream, sampleIndices } from '../random.ts';
import type { Task } from '../types.ts';
import type { TaskPool } from './task-source.ts';

/**
 * Tasks in a random order: each `window` tasks in a row are shuffled among themselves. The order depends on the seed
 * and on the pass over the split, so a resumed run finds it again.
 * @param window 0 keeps the order.
 */
export function shuffled(
  pool: TaskPool,
  { seed, window }: { readonly seed: number; readonly window: number },
): TaskPool {
  if (window === 0) return pool;
  return {
    name: pool.name,
    async *tasks(part, pass = 0) {
      const random = randomStream(seed, `order of tasks, pass ${pass}`);
      let block: Task[] = [];
      for await (const task of pool.tasks(part, pass)) {
        block.push(task);
        if (block.length < window) continue;
        yield* inRandomOrder(block, random);
        block = [];
      }
      yield* inRandomOrder(block, random);
    },
  };
}

const inRandomOrder = (tasks: readonly Task[], random: RandomStream): Task[] =>
  sampleIndices(random, tasks.length).map((i) => tasks[i]!);
