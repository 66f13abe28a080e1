import { parentPort } from 'node:worker_threads';
import type { TaskAnswer } from './worker-pool.ts';

/** Answers the tasks of a WorkerPool, in a worker thread, one after the other. */
export function serveTasks<Task, Result>(run: (task: Task) => Result | Promise<Result>): void {
  parentPort?.on('message', async (task: Task) => {
    parentPort?.postMessage(await answer(run, task));
  });
}

async function answer<Task, Result>(
  run: (task: Task) => Result | Promise<Result>,
  task: Task,
): Promise<TaskAnswer<Result>> {
  try {
    return { result: await run(task) };
  } catch (error) {
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }
}
