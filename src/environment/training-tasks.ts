import type { Environment } from '../types.ts';
import { setAside } from './set-aside.ts';
import { shuffled } from './shuffled.ts';
import type { TaskPool } from './task-source.ts';

/** What says which tasks a run trains on, and in which order. */
interface TaskOrder {
  readonly env: Environment;
  readonly seed: number;
  readonly eval: { readonly validationShare: number };
  readonly sampling: { readonly shuffle?: boolean | undefined };
}

/** The tasks that a run trains on, in the order in which it draws them: without those set aside for validation. */
export function trainingTasks({ env, seed, eval: { validationShare }, sampling }: TaskOrder): TaskPool {
  const pool = setAside(env, validationShare);
  return sampling.shuffle ? shuffled(pool, { seed }) : pool;
}
