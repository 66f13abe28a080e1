import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { normal, randomStream } from '../../../src/random.ts';
import { drawToken } from '../../../src/rollout/drawing/draw-token.ts';
import { keptTokens, type Truncation } from '../../../src/rollout/drawing/kept-tokens.ts';

const all: Truncation = { topP: 1, topK: 0, minP: 0 };
const random = randomStream(0, 'processors');
const row = (size: number, spread: number) => {
  const weights = Float32Array.from({ length: size }, () => Math.exp(spread * normal(random)));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
};

/** Truncation by the textbook: sort everything, one step after the other. */
function bySorting(weights: Float32Array, { topK, topP, minP }: Truncation): number[] {
  let ids = Array.from(weights.keys()).sort((a, b) => weights[a]! - weights[b]! || a - b);
  ids = ids.filter((id) => weights[id]! > 0);
  if (topK > 0 && topK < ids.length) {
    const limit = weights[ids.at(-topK)!]!;
    ids = ids.filter((id) => weights[id]! >= limit);
  }
  if (topP < 1) {
    const total = ids.reduce((sum, id) => sum + weights[id]!, 0);
    let removed = 0;
    while (ids.length > 1 && removed + weights[ids[0]!]! <= (1 - topP) * total)
      removed += weights[ids.shift()!]!;
  }
  const share = Math.fround(Math.fround(minP) * weights[ids.at(-1)!]!);
  return ids.filter((id) => weights[id]! >= share).sort((a, b) => a - b);
}

const truncations: Truncation[] = [
  ...[0.05, 0.5, 0.9, 0.99].map((topP) => ({ ...all, topP })),
  ...[1, 2, 7, 500, 2999].map((topK) => ({ ...all, topK })),
  ...[0.01, 0.3, 1].map((minP) => ({ ...all, minP })),
  { topP: 0.9, topK: 40, minP: 0 },
  { topP: 0.9, topK: 40, minP: 0.05 },
  { topP: 0.9, topK: 0, minP: 0.05 },
  { topP: 0.999, topK: 0, minP: 1e-4 },
];

describe.each([0.001, 0.3, 2, 8])('weights of spread %s', (spread) => {
  test.each(truncations.map((each) => [JSON.stringify(each), each] as const))(
    '%s keeps what a full sort keeps',
    (_, truncation) => {
      const weights = row(3001, spread);
      expect(Array.from(keptTokens(weights, truncation).ids)).toEqual(bySorting(weights, truncation));
    },
  );
});

test('of few weights, many of them alike, what a full sort keeps stays', () => {
  fc.assert(
    fc.property(
      // Sums of such numbers are exact, so a boundary may lie exactly on a token.
      fc.array(fc.integer({ min: 0, max: 8 }), { minLength: 1, maxLength: 40 }),
      fc.constantFrom(1, 0.75, 0.5, 0.25, 0.125),
      fc.integer({ min: 0, max: 12 }),
      fc.constantFrom(0, 0.25, 0.5, 1),
      (numbers, topP, topK, minP) => {
        fc.pre(numbers.some((number) => number > 0));
        const weights = Float32Array.from(numbers, (number) => number / 64);
        const truncation = { topP, topK, minP };
        expect(Array.from(keptTokens(weights, truncation).ids)).toEqual(bySorting(weights, truncation));
      },
    ),
    { numRuns: 3000, seed: 14 },
  );
});

test('the most likely token always stays', () => {
  expect(Array.from(keptTokens(Float32Array.of(0.1, 0.8, 0.1), { ...all, topP: 1e-9 }).ids)).toEqual([1]);
});

describe('a token', () => {
  /** Inverts the cumulative distribution over some tokens, adding one weight after the other. */
  const inverted = (weights: Float32Array, ids: readonly number[], u: number): number => {
    let left = u * ids.reduce((sum, id) => sum + weights[id]!, 0);
    for (const id of ids) {
      left -= weights[id]!;
      if (left < 0) return id;
    }
    return ids.at(-1)!;
  };

  test.each([all, ...truncations].map((each) => [JSON.stringify(each), each] as const))(
    'is the one at u of what %s keeps',
    (_, truncation) => {
      for (const size of [7, 256, 3001]) {
        const weights = row(size, 2);
        const ids = bySorting(weights, truncation);
        for (let i = 0; i < 50; i++) {
          const u = random.next();
          expect(drawToken(weights, truncation, u)).toBe(inverted(weights, ids, u));
        }
      }
    },
  );

  test('of weight 0 is never drawn', () => {
    const weights = new Float32Array(1000);
    weights[3] = 0.25;
    weights[700] = 0.75;
    const drawn = [0, 0.2499, 0.25, 0.9, 1 - 2 ** -53].map((u) => drawToken(weights, all, u));
    expect(drawn).toEqual([3, 3, 700, 700, 700]);
    expect(drawToken(weights, { ...all, topK: 5 }, 1 - 2 ** -53)).toBe(700);
  });
});
