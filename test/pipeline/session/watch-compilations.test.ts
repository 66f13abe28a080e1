import { expect, test } from 'vitest';
import { startCompilations, watchCompilations } from '../../../src/pipeline/session/watch-compilations.ts';

/** Steps at which something was said, and what. */
function said(series: readonly (number | undefined)[]): [number, string][] {
  let watch = startCompilations;
  return series.flatMap((compilations, step): [number, string][] => {
    const metrics = compilations === undefined ? {} : { compilations };
    const { state, warnings } = watchCompilations(watch, { step, beta: 0, ...metrics });
    watch = state;
    return warnings.map((warning) => [step, warning]);
  });
}

test('a person is warned once when ten steps in a row compile something', () => {
  const growing = Array.from({ length: 15 }, (_, step) => 4 + 2 * step);
  expect(said(growing)).toEqual([
    [
      9,
      expect.stringMatching(/^each of the last 10 steps compiled programs anew, 22 so far.*programCacheGB/),
    ],
  ]);
});

test('a step that compiles nothing begins the count anew, and one without an update is such a step', () => {
  const once = [4, 5, 6, 7, 8, 9, 10, 11, 12];
  expect(said([...once, 12, ...once.map((count) => count + 9)])).toEqual([]);
  expect(said([...once, undefined, ...once.map((count) => count + 9)])).toEqual([]);
});
