import { RunError } from '../errors.ts';
import type { Environment, Message, Task } from '../types.ts';

/** A task's prompt. @throws RunError naming the environment and the task when the environment throws. */
export function promptOf(environment: Environment, task: Task): readonly Message[] {
  return ask(environment, task, 'prompt', () => environment.prompt(task));
}

/** The text that supervised fine-tuning teaches. @throws RunError when the environment has none or throws. */
export function targetOf(environment: Environment, task: Task): string {
  return ask(environment, task, 'target', () => {
    if (environment.target === undefined) throw new Error('it has no target()');
    return environment.target(task);
  });
}

function ask<T>(environment: Environment, task: Task, what: string, answer: () => T): T {
  try {
    return answer();
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new RunError(`env "${environment.name}" failed to give the ${what} of task "${task.id}": ${why}`, {
      cause,
    });
  }
}
