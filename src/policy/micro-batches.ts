import type { HostTensor, Named } from '../engine/engine.ts';
import { floatRows, type PackedRows, packRows, type Sequences } from '../model/packed-rows.ts';

/** G completions of one prompt, with what the loss needs for each; rows of numbers are as long as the completion. */
export interface TrainSequences extends Sequences {
  readonly rows: readonly TrainRow[];
}

/** Numbers of one completion: per-token rows, and the advantage. */
export interface TrainRow {
  /** 1 where a token is trained on. */
  readonly mask: ArrayLike<number>;
  /** Weight of each token in the loss of the optimiser batch. */
  readonly lossWeights: ArrayLike<number>;
  readonly advantage: number;
  readonly oldLogprobs?: ArrayLike<number>;
  readonly refLogprobs?: ArrayLike<number>;
}

/** Part of an optimiser batch that is forwarded at once. */
export interface MicroBatch {
  readonly packed: PackedRows;
  /** The rows' numbers, [B, T] each and advantages [B], by the names of `LossInputs`. */
  readonly rows: Named<HostTensor>;
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
  return batches.map((batch) => pack(fill(batch)));
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
    rows: batch[0]!.rows.map((row) => ({
      mask: [0],
      lossWeights: [0],
      advantage: 0,
      ...(row.oldLogprobs && { oldLogprobs: [0] }),
      ...(row.refLogprobs && { refLogprobs: [0] }),
    })),
  };
  return [...batch, ...Array(promptBucket(batch.length) - batch.length).fill(nothing)];
}

function pack(batch: readonly TrainSequences[]): MicroBatch {
  const rows = batch.flatMap((group) => group.rows);
  const optional = (name: 'oldLogprobs' | 'refLogprobs'): Named<HostTensor> =>
    rows[0]![name] === undefined ? {} : { [name]: floatRows(rows.map((row) => row[name]!)) };
  return {
    packed: packRows(batch),
    rows: {
      mask: floatRows(rows.map((row) => row.mask)),
      lossWeights: floatRows(rows.map((row) => row.lossWeights)),
      advantages: {
        data: Float32Array.from(rows, (row) => row.advantage),
        shape: [rows.length],
        dtype: 'float32',
      },
      ...optional('oldLogprobs'),
      ...optional('refLogprobs'),
    },
  };
}
