import { InputError } from '../src/errors.ts';
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
    Promise.all(
      batch.completions.map(async (text, i) => {
        try {
          return await score(text, batch.tasks[i]!, batch, i);
        } catch (error) {
          throw atSample(error, i);
        }
      }),
    ),
  );
}

/** Names the sample that a reward failed on, keeping the error's class. */
function atSample(error: unknown, index: number): unknown {
  if (error instanceof Error) error.message = `sample ${index}: ${error.message}`;
  return error;
}

/** The text of a task's field, for rewards that compare with it; numbers are spelt out. */
export function goldText(task: Task, field: string): string {
  const value = task[field];
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new InputError(
    `task ${task.id}: field "${field}" must be text or a number, got ${JSON.stringify(value) ?? 'nothing'}`,
  );
}

/** Gives a reward function the name that metrics carry. */
export function named(name: string, reward: RewardFunction): RewardFunction {
  return Object.defineProperty(reward, 'name', { value: name });
}
