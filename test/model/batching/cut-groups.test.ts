import { describe, expect, test } from 'vitest';
import {
  bucketedCount,
  cutGroups,
  type GroupLengths,
  type Piece,
} from '../../../src/model/batching/cut-groups.ts';
import { lengthBucket } from '../../../src/model/length-bucket.ts';
import { randomStream } from '../../../src/random.ts';

/** Padded tokens of a micro-batch, by the shapes that packing gives it. */
function padded(groups: readonly GroupLengths[], pieces: readonly Piece[]): number {
  const prefix = lengthBucket(Math.max(1, ...pieces.map(({ group }) => groups[group]!.prefix)));
  const lengths = pieces.flatMap(({ group, rows }) => rows.map((r) => groups[group]!.rows[r]!));
  const prompts = bucketedCount(pieces.length);
  return prompts * (prefix + pieces[0]!.rows.length * lengthBucket(Math.max(1, ...lengths)));
}

/** Groups of lengths as a run has them: most short, some very long. */
function drawn(seed: number, prompts: number, groupSize: number): GroupLengths[] {
  const random = randomStream(seed, 'lengths');
  const length = (most: number) => 1 + Math.floor(most * random.next() ** 4);
  return Array.from({ length: prompts }, () => ({
    prefix: length(300) - 1,
    rows: Array.from({ length: groupSize }, () => length(4096)),
  }));
}

const rowsOf = (batches: readonly (readonly Piece[])[]) =>
  batches.flat(1).flatMap(({ group, rows }) => rows.map((row) => `${group}/${row}`));

describe('with a limit of tokens', () => {
  const sizes: [prompts: number, groupSize: number][] = [
    [16, 8],
    [5, 6],
    [40, 1],
    [3, 3],
  ];
  test.each(sizes)('%i prompts × %i rows are all there once, in micro-batches within the limit', (P, G) => {
    for (let seed = 0; seed < 20; seed++) {
      const groups = drawn(seed, P, G);
      for (const tokens of [256, 2048, 16384]) {
        const batches = cutGroups(groups, { tokens });
        const all = groups.flatMap(({ rows }, group) => rows.map((_, row) => `${group}/${row}`));
        expect(rowsOf(batches).sort()).toEqual(all.sort());
        for (const pieces of batches) {
          expect(new Set(pieces.map(({ rows }) => rows.length)).size).toBe(1);
          const alone = pieces.length === 1 && pieces[0]!.rows.length === 1;
          if (!alone) expect(padded(groups, pieces)).toBeLessThanOrEqual(tokens);
        }
      }
    }
  });

  test('one row of 4,096 tokens pads none of its neighbours', () => {
    const groups = Array.from({ length: 4 }, (_, g) => ({
      prefix: 64,
      rows: Array.from({ length: 8 }, (_, r) => (g === 1 && r === 3 ? 4096 : 200)),
    }));
    const total = (of: readonly (readonly Piece[])[]) =>
      of.reduce((sum, pieces) => sum + padded(groups, pieces), 0);
    // Each row to its bucket (224), and each prompt once: what no cut can go below.
    const least = 4096 + 31 * 224 + 4 * 64;
    expect(total(cutGroups(groups, { tokens: 8192 }))).toBeLessThan(1.15 * least);
    expect(total(cutGroups(groups, { rows: 8 }))).toBeGreaterThan(3 * least);
  });

  test('groups of even lengths stay whole, as many at once as fit', () => {
    const groups = Array.from({ length: 8 }, () => ({ prefix: 64, rows: [100, 110, 128, 120] }));
    const batches = cutGroups(groups, { tokens: 4 * (64 + 4 * 128) });
    expect(batches.map((pieces) => pieces.map(({ group }) => group))).toEqual([
      [0, 1, 2, 3],
      [4, 5, 6, 7],
    ]);
    for (const { rows } of batches.flat()) expect([...rows].sort()).toEqual([0, 1, 2, 3]);
  });

  test('the limit of rows holds too', () => {
    for (const pieces of cutGroups(drawn(1, 12, 5), { tokens: 100_000, rows: 4 })) {
      expect(pieces.flatMap(({ rows }) => rows).length).toBeLessThanOrEqual(4);
    }
  });

  test('depends on the lengths alone, and takes the longest of the pieces of one size first', () => {
    const groups = drawn(3, 9, 4);
    const batches = cutGroups(groups, { tokens: 4096 });
    expect(cutGroups(structuredClone(groups), { tokens: 4096 })).toEqual(batches);
    const single = batches.filter((pieces) => pieces[0]!.rows.length === 1);
    const longest = single.map((pieces) =>
      lengthBucket(Math.max(...pieces.map(({ group, rows }) => groups[group]!.rows[rows[0]!]!))),
    );
    expect(longest.length).toBeGreaterThan(1);
    expect(longest).toEqual([...longest].sort((a, b) => b - a));
  });
});

test('without a limit of tokens, groups keep their order; one of too many rows is cut', () => {
  const groups = [2, 2, 2, 5].map((count) => ({ prefix: 3, rows: Array<number>(count).fill(7) }));
  expect(cutGroups(groups, { rows: 4 })).toEqual([
    [
      { group: 0, rows: [0, 1] },
      { group: 1, rows: [0, 1] },
    ],
    [{ group: 2, rows: [0, 1] }],
    [{ group: 3, rows: [0, 1, 2, 3] }],
    [{ group: 3, rows: [4] }],
  ]);
});
