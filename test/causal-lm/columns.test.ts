import { expect, test } from 'vitest';
import { loadModel } from '../../src/causal-lm/load-model.ts';

/** Two rows of unequal length, the first padded on the left and the second on the right. */
const batch = {
  inputIds: [
    [0, 0, 5, 6, 7],
    [3, 4, 8, 0, 0],
  ],
  attentionMask: [
    [0, 0, 1, 1, 1],
    [1, 1, 1, 0, 0],
  ],
};

test('the logits of wanted columns are those of all columns at these places, 0 at padding', async () => {
  const model = await loadModel('tiny', { engine: { threads: 1 } });
  try {
    const { vocabSize: V } = model.config;
    const all = await model.logits(batch);
    expect(all.shape).toEqual([2, 5, V]);
    for (const columns of [[4], [0, 2], [1, 3, 4], [0, 1, 2, 3, 4], [3, 0]]) {
      const { data, shape } = await model.logits({ ...batch, columns });
      expect(shape).toEqual([2, columns.length, V]);
      for (const b of [0, 1]) {
        for (const [c, t] of columns.entries()) {
          const at = (row: number, column: number, width: number) => (row * width + column) * V;
          const wanted = data.subarray(at(b, c, columns.length), at(b, c, columns.length) + V);
          const expected = all.data.subarray(at(b, t, 5), at(b, t, 5) + V);
          for (let v = 0; v < V; v++) expect(wanted[v]).toBeCloseTo(expected[v]!, 5);
          expect(wanted.some((logit) => logit !== 0)).toBe(batch.attentionMask[b]![t] === 1);
        }
      }
    }
  } finally {
    await model.dispose();
  }
});
