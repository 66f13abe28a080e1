import type { Environment, Split, Task } from '../../src/types.ts';

/** The first `limit` tasks of a split. */
export async function collect(
  env: Environment,
  split: Split,
  limit = Number.POSITIVE_INFINITY,
): Promise<Task[]> {
  const tasks: Task[] = [];
  if (limit === 0) return tasks;
  for await (const task of env.tasks(split)) {
    tasks.push(task);
    if (tasks.length >= limit) break;
  }
  return tasks;
}

/** Runs an environment's own check of its gold answers to the end. */
export async function validate(env: Environment): Promise<{ total: number; failures: string[] }> {
  const failures: string[] = [];
  let total = 0;
  for await (const { task, ok, why } of env.validate!()) {
    total++;
    if (!ok) failures.push(`${task.id}: ${why}`);
  }
  return { total, failures };
}
