import { inParts } from '../../model/batching/in-parts.ts';
import type { Policy } from '../../policy/policy.ts';
import { maxDifference } from './max-difference.ts';
import { tokenBatch } from './token-batch.ts';

export type LogitsSource = Pick<Policy, 'logits'>;

/** Logits that are kept of a model, 512 MiB of them. */
const MOST_KEPT = 2 ** 27;
/** Logits that a model computes at once. */
const AT_ONCE = 2 ** 25;

/** Columns of a row whose logits are computed at once. */
interface Part {
  readonly row: readonly number[];
  readonly columns: readonly number[];
}

/**
 * The logits of one model after another at the same tokens of some rows: two models need not be in memory together. Of
 * more tokens than there is room for, evenly spaced ones are compared.
 */
export class KeptLogits {
  readonly #parts: readonly Part[];
  readonly #kept: Float32Array[] = [];
  /** Tokens that are compared, and those of the rows. */
  readonly positions: { readonly compared: number; readonly of: number };

  constructor(
    rows: readonly (readonly number[])[],
    {
      vocabSize,
      most = MOST_KEPT,
      atOnce = AT_ONCE,
    }: {
      readonly vocabSize: number;
      readonly most?: number;
      readonly atOnce?: number;
    },
  ) {
    const of = rows.reduce((sum, { length }) => sum + length, 0);
    const every = Math.max(1, Math.ceil((of * vocabSize) / most));
    const size = Math.max(1, Math.floor(atOnce / vocabSize));
    this.#parts = rows.flatMap((row) =>
      inParts(spaced(row.length, every), size).map((columns) => ({ row, columns })),
    );
    const compared = this.#parts.reduce((sum, { columns }) => sum + columns.length, 0);
    this.positions = { compared, of };
  }

  /** Keeps a model's logits in place of those kept before. */
  async keep(model: LogitsSource): Promise<void> {
    for (const [i, part] of this.#parts.entries()) this.#kept[i] = await logitsOf(model, part);
  }

  /**
   * The largest |Δlogit| between a model and the one whose logits are kept.
   * @param keep keeps this model's from now on.
   */
  async compare(model: LogitsSource, { keep = false } = {}): Promise<number> {
    let largest = 0;
    for (const [i, part] of this.#parts.entries()) {
      const found = await logitsOf(model, part);
      largest = Math.max(largest, maxDifference(this.#kept[i]!, found));
      if (keep) this.#kept[i] = found;
    }
    return largest;
  }
}

async function logitsOf(model: LogitsSource, { row, columns }: Part): Promise<Float32Array> {
  const all = columns.length === row.length;
  return (await model.logits(tokenBatch(row, all ? undefined : columns))).data;
}

/** Every n-th of `length` columns, from the last on, in order. */
const spaced = (length: number, every: number): number[] =>
  Array.from({ length: Math.ceil(length / every) }, (_, i) => length - 1 - i * every).reverse();
