import type { PolicySnapshot } from '../../policy/policy.ts';
import type { RandomStream } from '../../random.ts';
import type { Task } from '../../types.ts';

/** Permission to draw one more batch of tasks, with the policy that will answer them. A finished update gives one. */
export interface Permit {
  /** Index of the batch from 0. Optimiser step index · stepsPerBatch is the first to train on it. */
  readonly index: number;
  readonly policy: PolicySnapshot;
  /** Recent mean reward, for a curriculum; undefined before the first batch. */
  readonly reward: number | undefined;
}

/** Metric: tasks that a curriculum found unsuitable. */
export const PASSED_OVER = 'curriculum/passed_over';

/** Metric: prompts that were cut. */
export const TRUNCATED = 'prompts/truncated';

/** Metric: tasks that were left out because their prompts are too long. */
export const DROPPED = 'prompts/dropped';

/** P tasks drawn on a permit. */
export interface DrawnBatch extends Permit {
  readonly tasks: readonly Task[];
  /** Numbers to log. */
  readonly metrics: Readonly<Record<string, number>>;
  /** Seed of all sampling for this batch. */
  readonly seed: number;
}

/** A seed below 2³², drawn from a stream. */
export function drawSeed(stream: RandomStream): number {
  return Math.floor(stream.next() * 2 ** 32);
}
