import type { TokenBatch } from '../../model/token-logits.ts';

/** Makes a batch of rows of token ids, padded on the right. */
export function tokenBatch(rows: readonly (readonly number[])[]): TokenBatch {
  const width = Math.max(...rows.map((row) => row.length));
  const padded = (row: readonly number[], pad: number, value: (id: number) => number) => [
    ...row.map(value),
    ...Array<number>(width - row.length).fill(pad),
  ];
  return {
    inputIds: rows.map((row) => padded(row, 0, (id) => id)),
    attentionMask: rows.map((row) => padded(row, 0, () => 1)),
  };
}
