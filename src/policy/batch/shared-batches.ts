import { bucketedCount, type ForwardLimits } from '../../model/batching/cut-groups.ts';
import { inParts } from '../../model/batching/in-parts.ts';
import { floatRows } from '../../model/packed-rows.ts';
import {
  planRows,
  planRowsByWidth,
  type RowPlan,
  type SharedRows,
  sharedLength,
  shareRows,
} from '../../model/shared-rows.ts';
import type { MicroBatch, WeightedRow } from './micro-batches.ts';

/**
 * Cuts the examples of an optimiser batch into micro-batches whose examples share rows of about `rowLength` tokens. The
 * loss's numbers are [1, N], one for each completion token of the micro-batch.
 *
 * Without a limit of tokens, examples stay in their order. With one the rows are planned over the whole batch, so that
 * only examples longer than `rowLength` have longer rows; a micro-batch has rows of one width.
 */
export function sharedBatches(
  rows: readonly WeightedRow[],
  { limits, rowLength }: { readonly limits: ForwardLimits; readonly rowLength: number },
): MicroBatch<SharedRows>[] {
  const lengths = rows.map((row) => sharedLength(exampleOf(row)));
  const { rows: mostExamples = Number.POSITIVE_INFINITY, tokens } = limits;
  if (tokens === undefined) {
    return inParts([...rows.keys()], mostExamples).map((members) => {
      const { rows: planned, width } = planRows(
        members.map((r) => lengths[r]!),
        rowLength,
      );
      return share(rows, { rows: planned.map((row) => row.map((m) => members[m]!)), width });
    });
  }
  return planRowsByWidth(lengths, rowLength).flatMap((plan) =>
    cutPlan(plan, { mostExamples, tokens }).map((part) => share(rows, part)),
  );
}

const exampleOf = ({ promptIds: prompt, tokenIds: completion }: WeightedRow) => ({ prompt, completion });

/** Cuts a plan's rows into parts within the limits. A row that alone exceeds one is a part. */
function cutPlan(
  { rows, width }: RowPlan,
  { mostExamples, tokens }: { readonly mostExamples: number; readonly tokens: number },
): RowPlan[] {
  const parts: (readonly number[])[][] = [];
  for (const row of rows) {
    const joined = [...(parts.at(-1) ?? []), row];
    const fits = bucketedCount(joined.length) * width <= tokens && joined.flat().length <= mostExamples;
    if (parts.length > 0 && fits) parts.at(-1)!.push(row);
    else parts.push([row]);
  }
  return parts.map((part) => ({ rows: part, width }));
}

/** The micro-batch of a plan, whose numbers are those of the batch's rows. */
function share(all: readonly WeightedRow[], plan: RowPlan): MicroBatch<SharedRows> {
  const packed = shareRows(all.map(exampleOf), plan, bucketedCount(plan.rows.length));
  const members = plan.rows.flat();
  const column = (of: (row: WeightedRow) => ArrayLike<number>) =>
    floatRows([members.flatMap((r) => Array.from(of(all[r]!)))], packed.targets.data.length);
  return {
    packed,
    rows: { mask: column(({ mask }) => mask), lossWeights: column(({ lossWeights }) => lossWeights) },
    members,
    fillers: 0,
  };
}
