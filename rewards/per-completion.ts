import type { RewardBatch, RewardFunction, Task } from '../src/types.ts';

/**
 * Makes a reward function from a score of one completion; `name` is its metric name.
 * The score may be null (does not apply) or a promise.
 */
export function perCompletion(
  name: string,
  score: (
    completion: string,
    task: Task,
    batch: RewardBatch,
    index: number,
  ) => number | null | Promise<number | null>,
): RewardFunction {
  return named(name, (batch) =>
    Promise.all(batch.completions.map((text, i) => score(text, batch.tasks[i]!, batch, i))),
  );
}

/** Gives a reward function the name that metrics carry. */
export function named(name: string, reward: RewardFunction): RewardFunction {
  return Object.defineProperty(reward, 'name', { value: name });
}
