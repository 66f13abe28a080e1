import { parentPort } from 'node:worker_threads';
import type { Ready, TaskAnswer } from './worker-pool.ts';

/** Answers the tasks of a WorkerPool, in a worker thread. To be called when all that the tasks need is loaded. */
export function serveTasks<Task, Result>(run: (task: Task) => Result | Promise<Result>): void {
  parentPort?.on('message', async (task: Task) => {
    parentPort?.postMessage(await answer(run, task));
  });
  parentPort?.postMessage({ ready: true } satisfies Ready);
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
