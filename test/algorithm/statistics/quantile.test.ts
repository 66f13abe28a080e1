import { expect, test } from 'vitest';
import { quantile } from '../../../src/algorithm/statistics/quantile.ts';

test('lies between order statistics in proportion', () => {
  expect(quantile([4, 1, 3, 2], 0.5)).toBe(2.5);
  expect(quantile([10, 0], 0.9)).toBe(9);
  expect(quantile([7], 0.3)).toBe(7);
  expect(quantile([3, 1, 2], 1)).toBe(3);
});

test('nothing reaches the quantile of nothing', () => {
  expect(quantile([], 0.5)).toBe(Number.POSITIVE_INFINITY);
});
