import { concatMap, delay, mergeMap, of } from 'rxjs';
import { expect, test } from 'vitest';
import { pull } from '../../src/pipeline/pull.ts';
import { marbles } from './marbles.ts';

test('each result gives the permit for the next, until all permits are given', () => {
  marbles(({ expectObservable }) => {
    const results$ = pull({
      initial: ['a'],
      total: 3,
      stage: concatMap((permit: string) => of(permit).pipe(delay(2))),
      next: (result: string) => String.fromCharCode(result.charCodeAt(0) + 1),
    });
    expectObservable(results$).toBe('--a-b-(c|)');
  });
});

test('initial permits are in flight together', () => {
  marbles(({ expectObservable }) => {
    const results$ = pull({
      initial: [0, 1],
      total: 4,
      stage: mergeMap((permit: number) => of(permit).pipe(delay(4))),
      next: (permit: number) => permit + 2,
    });
    expectObservable(results$).toBe('----(01)(23|)', [0, 1, 2, 3]);
  });
});

test('results that give no permit let the loop run dry but not end', () => {
  marbles(({ expectObservable }) => {
    const results$ = pull({
      initial: ['a'],
      total: 2,
      stage: concatMap((permit: string) => of(permit).pipe(delay(1))),
      next: () => undefined,
    });
    expectObservable(results$).toBe('-a');
  });
});

test('with no permit to give it ends at once', () => {
  marbles(({ expectObservable }) => {
    const stage = concatMap((permit: string) => of(permit));
    expectObservable(pull({ initial: ['a'], total: 0, stage, next: () => 'b' })).toBe('|');
  });
});

test('a failure in the stage is the loop’s', () => {
  marbles(({ expectObservable, cold }) => {
    const stage = concatMap(() => cold<string>('--#'));
    expectObservable(pull({ initial: ['a'], total: 2, stage, next: () => 'b' })).toBe('--#');
  });
});

test('a stage that answers at once is fed again at once, in order', () => {
  const seen: number[] = [];
  pull({ initial: [0], total: 5, stage: (x) => x, next: (n) => n + 1 }).subscribe((n) => seen.push(n));
  expect(seen).toEqual([0, 1, 2, 3, 4]);
});
