import { filter, lastValueFrom, type Observable, take, toArray } from 'rxjs';
import type { ReadyBatch } from '../../policy/batch/train-batch.ts';

/**
 * Waits for the `count` batches that follow batch `index` in a replaying stream.
 * After that nothing is being drawn or sampled: the next permit waits for the update under way.
 */
export function upcoming(
  ready$: Observable<ReadyBatch>,
  { index, count }: { readonly index: number; readonly count: number },
): Promise<ReadyBatch[]> {
  return lastValueFrom(
    ready$.pipe(
      filter((ready) => ready.index > index),
      take(count),
      toArray(),
    ),
  );
}
