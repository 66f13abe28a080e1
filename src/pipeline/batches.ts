import type { PolicySnapshot } from '../policy/policy.ts';
import type { RandomStream } from '../random.ts';
import type { Task } from '../types.ts';

/** Leave to draw one more batch of tasks, with the policy that is to answer them. A finished update gives one. */
export interface Permit {
  /** Index of the batch from 0: it is trained on by optimiser steps index · stepsPerBatch and following. */
  readonly index: number;
  readonly policy: PolicySnapshot;
  /** Recent mean reward, for a curriculum; undefined before the first batch. */
  readonly reward: number | undefined;
}

/** Metric: tasks that a curriculum did not find suitable. */
export const PASSED_OVER = 'curriculum/passed_over';

/** P tasks drawn on a permit. */
export interface DrawnBatch extends Permit {
  readonly tasks: readonly Task[];
  /** Numbers to log. */
  readonly metrics: Readonly<Record<string, number>>;
  /** Seed of everything random about answering them. */
  readonly seed: number;
}

/** A seed below 2³², drawn from a stream. */
export function drawSeed(stream: RandomStream): number {
  return Math.floor(stream.next() * 2 ** 32);
}
