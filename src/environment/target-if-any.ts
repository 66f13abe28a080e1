import { InputError, RunError } from '../errors.ts';
import type { Environment, Task } from '../types.ts';
import { targetOf } from './ask-environment.ts';

/**
 * A task's target, or why it has none: reinforcement learning does without, so a row may lack it.
 * @throws RunError as `targetOf`, unless the environment itself says, by an InputError, that something is missing.
 */
export function targetIfAny(
  env: Environment,
  task: Task,
): { readonly target: string } | { readonly lacks: string } {
  try {
    return { target: targetOf(env, task) };
  } catch (error) {
    if (error instanceof RunError && error.cause instanceof InputError) return { lacks: error.cause.message };
    throw error;
  }
}
