import type { Policy } from '../../policy/policy.ts';
import { maxDifference } from './max-difference.ts';
import { tokenBatch } from './token-batch.ts';

export type LogitsSource = Pick<Policy, 'logits'>;

/** Finds the largest |Δlogit| between two models over every position of every row. It takes one row at a time. */
export async function compareLogits(
  a: LogitsSource,
  b: LogitsSource,
  rows: readonly (readonly number[])[],
): Promise<number> {
  let largest = 0;
  for (const row of rows) {
    const batch = tokenBatch([row]);
    const ours = await a.logits(batch);
    const theirs = await b.logits(batch);
    largest = Math.max(largest, maxDifference(ours.data, theirs.data));
  }
  return largest;
}
