import { expect, test } from 'vitest';
import type { TokenBatch } from '../../../src/model/token-logits.ts';
import { KeptLogits } from '../../../src/run/verify/kept-logits.ts';

const VOCAB = 5;

/** A model whose logit v of token t in a row is a formula, with one of them off by `gap`. */
function modelOf(off: { row: number; token: number; gap: number } | undefined, asked: number[][] = []) {
  return {
    async logits({ inputIds: [ids = []], columns = ids.map((_, t) => t) }: TokenBatch) {
      asked.push([...columns]);
      const data = columns.flatMap((t) =>
        Array.from({ length: VOCAB }, (_, v) => {
          const isOff = off?.row === ids[0] && off?.token === t && v === 3;
          return 10 * ids[t]! + t + v / 8 + (isOff ? off!.gap : 0);
        }),
      );
      return { data: Float32Array.from(data), shape: [1, columns.length, VOCAB] };
    },
  };
}

/** The first token is the row's number. */
const rows = [9, 4, 7].map((length, row) => Array.from({ length }, (_, t) => (t === 0 ? row : t)));

test('the largest difference is found wherever it is, one model after the other', async () => {
  for (const off of [
    { row: 0, token: 0, gap: 0.5 },
    { row: 1, token: 3, gap: -2 },
    { row: 2, token: 6, gap: 0.25 },
  ]) {
    for (const atOnce of [1, VOCAB, 4 * VOCAB, 1000]) {
      const kept = new KeptLogits(rows, { vocabSize: VOCAB, atOnce });
      await kept.keep(modelOf(undefined));
      expect(await kept.compare(modelOf(off), { keep: true })).toBe(Math.abs(off.gap));
      expect(await kept.compare(modelOf(off))).toBe(0);
      expect(kept.positions).toEqual({ compared: 20, of: 20 });
    }
  }
});

test('no more logits are computed at once than there is room for, and none twice', async () => {
  const asked: number[][] = [];
  await new KeptLogits(rows, { vocabSize: VOCAB, atOnce: 4 * VOCAB }).keep(modelOf(undefined, asked));
  expect(asked).toEqual([[0, 1, 2, 3], [4, 5, 6, 7], [8], [0, 1, 2, 3], [0, 1, 2, 3], [4, 5, 6]]);
});

test('of more tokens than can be kept evenly spaced ones are compared, the last of each row among them', async () => {
  const asked: number[][] = [];
  const kept = new KeptLogits(rows, { vocabSize: VOCAB, most: 7 * VOCAB });
  await kept.keep(modelOf(undefined, asked));
  expect(asked).toEqual([
    [2, 5, 8],
    [0, 3],
    [0, 3, 6],
  ]);
  expect(kept.positions).toEqual({ compared: 8, of: 20 });
});

test('a model with another vocabulary, or NaN, differs without bound', async () => {
  const kept = new KeptLogits(rows, { vocabSize: VOCAB });
  await kept.keep(modelOf(undefined));
  expect(await kept.compare(modelOf({ row: 1, token: 2, gap: Number.NaN }))).toBe(Number.POSITIVE_INFINITY);
  const wider = { logits: async () => ({ data: new Float32Array(60), shape: [1, 10, 6] }) };
  expect(await kept.compare(wider)).toBe(Number.POSITIVE_INFINITY);
});
