import type { TokenBatch } from '../../model/token-logits.ts';

/** A batch of one row of token ids. @param columns whose logits are wanted; all when left out. */
export function tokenBatch(row: readonly number[], columns?: readonly number[]): TokenBatch {
  return {
    inputIds: [row],
    attentionMask: [row.map(() => 1)],
    ...(columns && { columns }),
  };
}
