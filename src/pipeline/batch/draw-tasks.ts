import { concatMap, type OperatorFunction } from 'rxjs';
import type { TaskSource } from '../../environment/task-source.ts';
import type { RandomStream } from '../../random.ts';
import type { Task } from '../../types.ts';
import { type DrawnBatch, drawSeed, PASSED_OVER, type Permit } from './batches.ts';

export interface DrawOptions {
  readonly source: TaskSource;
  /** P */
  readonly prompts: number;
  readonly seeds: RandomStream;
  /** Whether a task suits the batch of a permit; every task does when left out. */
  readonly suits?: ((task: Task, permit: Permit) => boolean) | undefined;
}

/** Draws P tasks for each permit, one permit after the other. */
export function drawTasks({
  source,
  prompts,
  seeds,
  suits,
}: DrawOptions): OperatorFunction<Permit, DrawnBatch> {
  return concatMap(async (permit) => {
    const { tasks, passedOver } = await source.take(prompts, suits && ((task) => suits(task, permit)));
    const metrics = suits ? { [PASSED_OVER]: passedOver } : {};
    return { ...permit, tasks, metrics, seed: drawSeed(seeds) };
  });
}
