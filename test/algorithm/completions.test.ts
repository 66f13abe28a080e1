import { expect, test } from 'vitest';
import { completionMetrics, lossMask } from '../../src/algorithm/completions.ts';
import { totalTokens } from '../../src/algorithm/statistics/aggregation.ts';

const facts = { lengths: [2, 4, 3], truncated: [false, true, false] };

test('maskTruncated takes cut-off completions out of the loss and leaves the others whole', () => {
  expect(totalTokens(lossMask(facts, false))).toBe(9);
  expect(lossMask(facts, true)).toEqual([
    [1, 1],
    [0, 0, 0, 0],
    [1, 1, 1],
  ]);
});

test('tokens that a tool wrote are not in the loss', () => {
  const completionMask = [
    [1, 0, 0, 1],
    [1, 1, 0, 1, 1],
    [1, 1, 1],
  ];
  expect(lossMask({ ...facts, completionMask }, false)).toEqual(completionMask);
  expect(lossMask({ ...facts, completionMask }, true)[1]).toEqual([0, 0, 0, 0, 0]);
});

test('lengths of terminated completions leave out those that were cut off', () => {
  const metrics = completionMetrics(facts);
  expect(metrics['completions/mean_length']).toBe(3);
  expect(metrics['completions/mean_terminated_length']).toBe(2.5);
  expect(metrics['completions/max_terminated_length']).toBe(3);
  expect(metrics['completions/clipped_ratio']).toBeCloseTo(1 / 3);
});

test('with every completion cut off, terminated lengths are 0', () => {
  const metrics = completionMetrics({ lengths: [3], truncated: [true] });
  expect(metrics['completions/mean_terminated_length']).toBe(0);
});
