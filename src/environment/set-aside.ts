import { createHash } from 'node:crypto';
import type { Environment, Split, Task } from '../types.ts';
import type { TaskPool } from './task-source.ts';

/**
 * An environment's tasks with a share of the train split set aside as the part 'validation'. A hash of a task's id
 * decides, so neither seed nor order can move a task from one part to the other.
 * @param share of the train split, in [0, 1).
 */
export function setAside(environment: Environment, share: number): TaskPool {
  // An environment's own function may have options of its own after the split.
  if (share === 0) return { name: environment.name, tasks: (part) => environment.tasks(part as Split) };
  return {
    name: environment.name,
    async *tasks(part) {
      if (part === 'test') {
        yield* environment.tasks('test');
        return;
      }
      for await (const task of environment.tasks('train')) {
        if (isSetAside(task, share) === (part === 'validation')) yield task;
      }
    },
  };
}

/** Whether a task is in the validation part: its id's hash, as a number in [0, 1), is below the share. */
function isSetAside(task: Task, share: number): boolean {
  if (typeof task?.id !== 'string') return false;
  // The prefix makes this hash another than the one by which an environment may split its own tasks.
  const hash = createHash('sha256').update(`validation\n${task.id}`).digest();
  return hash.readUInt32BE(0) / 2 ** 32 < share;
}
