import { from, shareReplay } from 'rxjs';
import { expect, test } from 'vitest';
import { upcoming } from '../../../src/pipeline/step/upcoming.ts';
import type { ReadyBatch } from '../../../src/policy/batch/train-batch.ts';
import { marbles } from '../marbles.ts';

function ready(index: number): ReadyBatch {
  const batch = { objective: 'sft', examples: [] } as const;
  return { index, policyVersion: 0, beta: 0, metrics: {}, batch, stopsEarly: false };
}

test('waits for the batches behind one, those already there included', async () => {
  let waiting: Promise<readonly ReadyBatch[]> | undefined;
  marbles(({ cold, expectObservable, flush }) => {
    const batches$ = cold('a-b---c|', { a: ready(0), b: ready(1), c: ready(2) }).pipe(
      shareReplay({ bufferSize: 3, refCount: true }),
    );
    expectObservable(batches$).toBe('a-b---c|', { a: ready(0), b: ready(1), c: ready(2) });
    waiting = upcoming(batches$, { index: 0, count: 2 });
    flush();
  });
  expect(await waiting).toEqual([ready(1), ready(2)]);
});

test('is empty when nothing was drawn ahead, without waiting', async () => {
  expect(await upcoming(from([ready(4)]), { index: 4, count: 0 })).toEqual([]);
});
