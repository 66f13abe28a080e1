import { floatRows } from '../../model/packed-rows.ts';
import { planRows, type SharedRows, sharedLength, shareRows } from '../../model/shared-rows.ts';
import { bucketedCount, type MicroBatch, type WeightedRow } from './micro-batches.ts';

/**
 * Cuts the examples of an optimiser batch into micro-batches of at most `size`, whose examples share rows of about
 * `rowLength` tokens. The loss's numbers are [1, N], one for each completion token of the micro-batch.
 */
export function sharedBatches(
  rows: readonly WeightedRow[],
  { size, rowLength }: { readonly size: number; readonly rowLength: number },
): MicroBatch<SharedRows>[] {
  return Array.from({ length: Math.ceil(rows.length / size) }, (_, i) =>
    share(rows.slice(i * size, (i + 1) * size), rowLength),
  );
}

function share(rows: readonly WeightedRow[], rowLength: number): MicroBatch<SharedRows> {
  const examples = rows.map(({ promptIds: prompt, tokenIds: completion }) => ({ prompt, completion }));
  const plan = planRows(examples.map(sharedLength), rowLength);
  const packed = shareRows(examples, plan, bucketedCount(plan.rows.length));
  const inOrder = plan.rows.flat().map((i) => rows[i]!);
  const column = (of: (row: WeightedRow) => ArrayLike<number>) =>
    floatRows([inOrder.flatMap((row) => Array.from(of(row)))], packed.targets.data.length);
  return {
    packed,
    rows: { mask: column(({ mask }) => mask), lossWeights: column(({ lossWeights }) => lossWeights) },
    completions: 1,
  };
}
