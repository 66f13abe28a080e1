import { concatMap, type OperatorFunction } from 'rxjs';
import type { RandomStream } from '../random.ts';
import { type DrawnBatch, drawSeed, type Permit } from './batches.ts';
import type { TaskSource } from './task-source.ts';

/** Draws P tasks for each permit, one permit after the other. */
export function drawTasks(
  source: TaskSource,
  promptsPerStep: number,
  seeds: RandomStream,
): OperatorFunction<Permit, DrawnBatch> {
  return concatMap(async (permit) => ({
    ...permit,
    tasks: await source.take(promptsPerStep),
    seed: drawSeed(seeds),
  }));
}
