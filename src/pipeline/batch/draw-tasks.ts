import { concatMap, type OperatorFunction } from 'rxjs';
import type { TaskSource } from '../../environment/task-source.ts';
import type { RandomStream } from '../../random.ts';
import type { Task } from '../../types.ts';
import { DROPPED, type DrawnBatch, drawSeed, PASSED_OVER, type Permit } from './batches.ts';

export interface DrawOptions {
  readonly source: TaskSource;
  /** P */
  readonly prompts: number;
  readonly seeds: RandomStream;
  /** Is called before anything is drawn for a batch. */
  readonly onDraw?: (index: number) => void;
  /** Whether a task suits the batch of a permit; every task does when left out. */
  readonly suits?: ((task: Task, permit: Permit) => boolean) | undefined;
  /** Whether a task's prompt is used; every prompt is when left out. */
  readonly uses?: ((task: Task) => boolean) | undefined;
}

/** Draws P tasks for each permit, one permit after the other. */
export function drawTasks({
  source,
  prompts,
  seeds,
  onDraw,
  suits,
  uses = () => true,
}: DrawOptions): OperatorFunction<Permit, DrawnBatch> {
  return concatMap(async (permit) => {
    onDraw?.(permit.index);
    let dropped = 0;
    const { tasks, passedOver } = await source.take(prompts, (task) => {
      if (suits && !suits(task, permit)) return false;
      const used = uses(task);
      if (!used) dropped++;
      return used;
    });
    const metrics = {
      ...(suits && { [PASSED_OVER]: passedOver - dropped }),
      ...(dropped > 0 && { [DROPPED]: dropped }),
    };
    return { ...permit, tasks, metrics, seed: drawSeed(seeds) };
  });
}
