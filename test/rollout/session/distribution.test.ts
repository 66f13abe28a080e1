import { expect, test } from 'vitest';
import { acceptOrReplace } from '../../../src/rollout/session/distribution.ts';

/** A stream that gives these numbers, one after the other. */
const streamOf = (numbers: number[]) => ({ next: () => numbers.shift()! }) as never;
const almostOne = 1 - 2 ** -53;

const weights = Float64Array.of(0, 0.5, 0.5);

test('a proposal stays where rounding refuses it and leaves nothing else', () => {
  // p is q, but for the last bits of its sum.
  const [p, q] = [
    { weights, total: 1 + 1e-12 },
    { weights, total: 1 },
  ];
  for (const proposal of [1, 2])
    for (const u of [0, 0.5, almostOne])
      expect(acceptOrReplace({ p, q, proposal }, streamOf([almostOne, u]))).toBe(proposal);
});

test('a proposal that p excludes never stays', () => {
  const p = { ids: Int32Array.of(4, 7), weights: Float64Array.of(0.5, 0.5), total: 1 + 1e-12 };
  const q = { ids: Int32Array.of(3, 4, 7), weights: Float64Array.of(1e-20, 0.5, 0.5), total: 1 };
  expect(acceptOrReplace({ p, q, proposal: 3 }, streamOf([almostOne, 0.1]))).toBe(4);
  expect(acceptOrReplace({ p, q, proposal: 3 }, streamOf([almostOne, almostOne]))).toBe(7);
});

test('a refused proposal is replaced by what p has more of than q', () => {
  const p = { weights: Float64Array.of(0.1, 0.2, 0.3, 0.4), total: 1 };
  const q = { weights: Float64Array.of(0.4, 0.3, 0.1, 0.2), total: 1 };
  // max(0, p − q) is 0, 0, 0.2, 0.2.
  expect(acceptOrReplace({ p, q, proposal: 0 }, streamOf([0.2499, 0]))).toBe(0);
  expect(acceptOrReplace({ p, q, proposal: 0 }, streamOf([0.2501, 0.4999]))).toBe(2);
  expect(acceptOrReplace({ p, q, proposal: 0 }, streamOf([0.2501, 0.5001]))).toBe(3);
  expect(acceptOrReplace({ p, q, proposal: 0 }, streamOf([0.2501, almostOne]))).toBe(3);
});
