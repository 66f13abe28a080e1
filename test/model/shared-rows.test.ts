import { describe, expect, test } from 'vitest';
import { planRows, shareRows } from '../../src/model/shared-rows.ts';

const numbers = (tensor: { readonly data: ArrayLike<number> }, end: number) =>
  Array.from(tensor.data).slice(0, end);

describe('a plan of shared rows', () => {
  test('puts the longest first, each into the first row with room', () => {
    const plan = planRows([3, 7, 2, 5, 4, 1], 8);
    expect(plan).toEqual({
      rows: [
        [1, 5],
        [3, 0],
        [4, 2],
      ],
      width: 8,
    });
  });

  test('has rows as long as the longest needs, and no longer than all together', () => {
    expect(planRows([3, 30, 5], 8).width).toBe(32);
    expect(planRows([3, 4], 256)).toEqual({ rows: [[1, 0]], width: 8 });
  });

  test('holds every example once and overfills no row', () => {
    const lengths = Array.from({ length: 57 }, (_, i) => 1 + ((i * 37) % 61));
    const { rows, width } = planRows(lengths, 96);
    expect(rows.flat().sort((a, b) => a - b)).toEqual(lengths.map((_, i) => i));
    for (const row of rows) expect(row.reduce((sum, i) => sum + lengths[i]!, 0)).toBeLessThanOrEqual(width);
    const tokens = lengths.reduce((sum, length) => sum + length, 0);
    expect(rows.length).toBeLessThanOrEqual(Math.ceil((tokens / width) * 1.1));
  });
});

test('examples stand one after the other, each with positions from 0 and a number of its own', () => {
  const examples = [
    { prompt: [5, 6], completion: [9] },
    { prompt: [7], completion: [8, 1] },
    { prompt: [3], completion: [2] },
  ];
  const shared = shareRows(examples, { rows: [[0, 1], [2]], width: 8 }, 3);
  expect(shared.ids.shape).toEqual([3, 8]);
  expect(numbers(shared.ids, 12)).toEqual([5, 6, 7, 8, 0, 0, 0, 0, 3, 0, 0, 0]);
  expect(numbers(shared.positions, 12)).toEqual([0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
  expect(numbers(shared.owners, 12)).toEqual([1, 1, 2, 2, 0, 0, 0, 0, 1, 0, 0, 0]);
  expect(numbers(shared.predicting, 4)).toEqual([1, 2, 3, 8]);
  expect(numbers(shared.targets, 4)).toEqual([9, 8, 1, 2]);
});
