import type { HostTensor, Named } from '../engine/engine.ts';
import { floatRows, type PackedRows, packRows, type Sequences } from '../model/packed-rows.ts';

/** G completions of one prompt, with what the loss needs for each; rows of numbers are as long as the completion. */
export interface TrainSequences extends Sequences {
  readonly rows: readonly TrainRow[];
}

/** Rows of numbers that only some losses read, one number a token, by the names of `LossInputs` and `ValueRows`. */
const optionalRows = [
  ...(['oldLogprobs', 'refLogprobs', 'samplingLogprobs', 'selected', 'highEntropy'] as const),
  ...(['oldValues', 'returns', 'valueMask', 'valueWeights'] as const),
];

/** Numbers of one completion. */
export interface TrainRow
  extends Readonly<Partial<Record<(typeof optionalRows)[number], ArrayLike<number>>>> {
  /** 1 where a token is trained on. */
  readonly mask: ArrayLike<number>;
  /** Weight of each token in the loss of the optimiser batch. */
  readonly lossWeights: ArrayLike<number>;
  /** One, or one a token. */
  readonly advantage: number | ArrayLike<number>;
  /** Importance weight between sampler and trainer: one, or one a token. */
  readonly importanceRatio?: number | ArrayLike<number>;
}

/** Part of an optimiser batch that is forwarded at once. */
export interface MicroBatch {
  readonly packed: PackedRows;
  /** The rows' numbers by the names of `LossInputs`: [B, T]; advantages [B] or [B, T], importanceRatio [B, 1] or [B, T]. */
  readonly rows: Named<HostTensor>;
  /** How many of the rows are completions; those after them fill up the shape. */
  readonly completions: number;
}

/**
 * Cuts an optimiser batch into micro-batches of at most `size` sequences: whole groups, so that a prompt is forwarded once, unless a
 * group alone is larger. Groups of different size never share one. Filled up to a bucketed number of prompts with rows
 * that weigh nothing, so that few shapes occur.
 */
export function microBatches(groups: readonly TrainSequences[], size: number): MicroBatch[] {
  const pieces = groups.flatMap((group) => cut(group, size));
  const batches: TrainSequences[][] = [];
  for (const piece of pieces) {
    const current = batches.at(-1);
    const rows = piece.rows.length;
    const fits = current?.[0]?.rows.length === rows && (current.length + 1) * rows <= size;
    if (fits) current.push(piece);
    else batches.push([piece]);
  }
  return batches.map((batch) => ({
    ...pack(fill(batch)),
    completions: batch.reduce((sum, { rows }) => sum + rows.length, 0),
  }));
}

/** Sequences in which tokens count, all or by a mask, and none has a weight: to be forwarded, not trained on. */
export function unweighted({
  prompt,
  completions,
  masks,
}: Sequences & { readonly masks?: readonly ArrayLike<number>[] }): TrainSequences {
  const rows = completions.map((ids, g) => ({
    ...{ mask: masks?.[g] ?? ids.map(() => 1), lossWeights: [0], advantage: 0 },
  }));
  return { prompt, completions, rows };
}

function cut(group: TrainSequences, size: number): TrainSequences[] {
  const pieces = Math.ceil(group.rows.length / size);
  return Array.from({ length: pieces }, (_, i) => ({
    prompt: group.prompt,
    completions: group.completions.slice(i * size, (i + 1) * size),
    rows: group.rows.slice(i * size, (i + 1) * size),
  }));
}

/** Prompts of a micro-batch, rounded up to a quarter of the power of two below. */
function promptBucket(prompts: number): number {
  const step = Math.max(1, 2 ** (Math.floor(Math.log2(prompts)) - 2));
  return Math.ceil(prompts / step) * step;
}

function fill(batch: readonly TrainSequences[]): TrainSequences[] {
  const nothing: TrainSequences = {
    prompt: [0],
    completions: batch[0]!.completions.map(() => [0]),
    rows: batch[0]!.rows.map(({ advantage, importanceRatio, ...rows }) => ({
      ...blank(rows),
      advantage: typeof advantage === 'number' ? 0 : [0],
      ...(importanceRatio !== undefined && {
        importanceRatio: typeof importanceRatio === 'number' ? 1 : [1],
      }),
    })),
  };
  return [...batch, ...Array(promptBucket(batch.length) - batch.length).fill(nothing)];
}

/** The same rows, each of one position that weighs nothing. */
function blank<T extends object>(rows: T): T {
  return Object.fromEntries(Object.keys(rows).map((name) => [name, [0]])) as T;
}

function pack(batch: readonly TrainSequences[]): Omit<MicroBatch, 'completions'> {
  const rows = batch.flatMap((group) => group.rows);
  const given = optionalRows.filter((name) => rows[0]![name] !== undefined);
  return {
    packed: packRows(batch),
    rows: {
      mask: floatRows(rows.map((row) => row.mask)),
      lossWeights: floatRows(rows.map((row) => row.lossWeights)),
      advantages: values(
        rows.map((row) => row.advantage),
        [rows.length],
      ),
      ...Object.fromEntries(given.map((name) => [name, floatRows(rows.map((row) => row[name]!))])),
      // A weight of 1 leaves as it is, so that is what padding gets.
      ...(rows[0]!.importanceRatio !== undefined && {
        importanceRatio: values(
          rows.map((row) => row.importanceRatio!),
          [rows.length, 1],
          1,
        ),
      }),
    },
  };
}

/** One number a row in the shape given, or one a token, [B, T]. */
function values(
  rows: readonly (number | ArrayLike<number>)[],
  shape: readonly number[],
  fill = 0,
): HostTensor {
  if (typeof rows[0] !== 'number') return floatRows(rows as readonly ArrayLike<number>[], fill);
  return { data: Float32Array.from(rows as readonly number[]), shape, dtype: 'float32' };
}
