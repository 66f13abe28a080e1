import { describe, expect, test } from 'vitest';
import { createOnnxEngine } from '../../src/engine/onnx/onnx-engine.ts';
import { baseLinear } from '../../src/model/decoder.ts';
import { lengthBucket } from '../../src/model/length-bucket.ts';
import { ModelPrograms } from '../../src/model/model-programs.ts';
import { packRows } from '../../src/model/packed-rows.ts';
import { initialiseWeights } from '../../src/model/weights/initialise-weights.ts';
import { tinyConfig } from './decoder-programs.ts';

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

describe('a row of a position more than it has tokens', () => {
  const prompts = [
    { prompt: [5, 6, 7], completions: [[1, 2, 4], [3]] },
    { prompt: [9], completions: [[4], [8, 2, 8]] },
  ];
  // Of each prompt one row as it is, and one with a position more.
  const positions = [
    [4, 1],
    [1, 4],
  ];
  const longer = prompts.map((each, p) => ({ ...each, positions: positions[p] }));

  test('takes its last token in; the others stay as they are, and no target is added', () => {
    const [plain, packed] = [packRows(prompts), packRows(longer)];
    const rows = [0, 1, 2, 3].map((b) => Array.from(packed.ids.data.slice(b * 4, b * 4 + 4)));
    expect(packed.ids.shape).toEqual([4, 4]);
    expect(rows).toEqual([
      [7, 1, 2, 4],
      [7, 0, 0, 0],
      [9, 0, 0, 0],
      [9, 8, 2, 8],
    ]);
    expect({ ...packed, ids: undefined }).toEqual({ ...plain, ids: undefined });
  });

  test('widens the batch where the bucket is full', () => {
    const full = { prompt: [5], completions: [[1, 2, 3, 4]] };
    const packed = packRows([{ ...full, positions: [5] }]);
    expect([packRows([full]).width, packed.width]).toEqual([4, 8]);
    expect(Array.from(packed.ids.data)).toEqual([5, 1, 2, 3, 4, 0, 0, 0]);
    expect(Array.from(packed.targets.data)).toEqual([1, 2, 3, 4, 0, 0, 0, 0]);
  });

  test('has the state after its last token there, and the same log-probs before', async () => {
    const config = tinyConfig();
    const engine = await createOnnxEngine({ threads: 1 });
    const programs = new ModelPrograms({ engine, config, linear: baseLinear });
    const weights = { base: initialiseWeights(config, 5), adapter: {} };
    const score = async (sequences: typeof prompts) => {
      const packed = packRows(sequences);
      const { logprobs } = await programs.logprobs(weights, packed, 1);
      const { width } = packed;
      return Array.from({ length: packed.rows }, (_, b) =>
        Array.from(logprobs.data.slice(b * width, (b + 1) * width)),
      );
    };
    const [plain, more] = [await score(prompts), await score(longer)];
    const tokens = prompts.flatMap(({ completions }) => completions);
    for (const [b, { length }] of tokens.entries()) {
      expect(more[b]!.slice(0, length)).toEqual(plain[b]!.slice(0, length));
    }
    // Past the last token the target is padding: id 0, scored after the whole text.
    const withZero = await score(
      prompts.map(({ prompt, completions }) => ({ prompt, completions: completions.map((c) => [...c, 0]) })),
    );
    for (const b of [0, 3]) {
      expect(more[b]![3]).toBe(withZero[b]![3]);
      expect(Math.abs(more[b]![3]! - plain[b]![3]!)).toBeGreaterThan(1e-3);
    }
    await engine.dispose();
  });
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
