import { expect, test } from 'vitest';
import { lengthBucket } from '../../src/model/length-bucket.ts';
import { packRows } from '../../src/model/packed-rows.ts';

test('a prompt becomes a shared prefix and the first input of each of its rows', () => {
  const packed = packRows([
    { prompt: [5, 6, 7], completions: [[1, 2], [3]] },
    { prompt: [9], completions: [[4], [8, 8, 8]] },
  ]);
  expect(packed.prefixIds.shape).toEqual([2, 4]);
  expect(Array.from(packed.prefixIds.data.slice(0, 4))).toEqual([5, 6, 0, 0]);
  expect(Array.from(packed.prefixLengths.data)).toEqual([2, 0]);
  expect(packed.ids.shape).toEqual([4, 4]);
  expect(Array.from(packed.ids.data.slice(0, 3))).toEqual([7, 1, 0]);
  expect(Array.from(packed.targets.data.slice(0, 3))).toEqual([1, 2, 0]);
  expect(Array.from(packed.ids.data.slice(12, 16))).toEqual([9, 8, 8, 0]);
  expect(Array.from(packed.targets.data.slice(12, 16))).toEqual([8, 8, 8, 0]);
});

test('length buckets hold the length, waste at most a quarter beyond 32, and are few', () => {
  const buckets = new Set<number>();
  for (let length = 1; length <= 2048; length++) {
    const bucket = lengthBucket(length);
    buckets.add(bucket);
    expect(bucket).toBeGreaterThanOrEqual(length);
    if (length > 16) expect(bucket / length).toBeLessThanOrEqual(1.25);
  }
  expect(buckets.size).toBeLessThan(40);
});
