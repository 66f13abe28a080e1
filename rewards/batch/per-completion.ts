import { types } from 'node:util';
import { InputError } from '../../src/errors.ts';
import type { RewardBatch, RewardFunction, Task } from '../../src/types.ts';

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

/**
 * An error of the same class that names the sample; the one thrown, which other samples may share, stays as it is. What is
 * no plain error (a string, a DOMException) becomes the cause of one.
 */
function atSample(cause: unknown, index: number): Error {
  const what = cause instanceof Error ? cause.message : String(cause);
  const message = `sample ${index}: ${what}`;
  const error = new Error(message, { cause });
  if (!types.isNativeError(cause)) return error;
  Object.setPrototypeOf(error, Object.getPrototypeOf(cause));
  // Where the original was thrown: there the mistake is.
  const stack = cause.stack?.replace(what, () => message);
  return Object.assign(error, cause, { message, cause, stack });
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
