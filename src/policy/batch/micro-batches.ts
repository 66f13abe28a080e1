import type { HostTensor, Named } from '../../engine/engine.ts';
import { floatRows, type PackedRows, packRows } from '../../model/packed-rows.ts';
import { byGroup } from '../../rollout/groups.ts';
import type { ScoredText, TextRow, TrainRow } from './train-rows.ts';

/** A row with its place in the whole batch. */
export interface WeightedRow extends TrainRow {
  /** Weight of each token in the loss of the optimiser batch, [T]. */
  readonly lossWeights: ArrayLike<number>;
  /** Weight of each value in the value loss, as long as the value mask. */
  readonly valueWeights?: ArrayLike<number>;
  /** 1 for tokens that the loss selects by their covariance, [T]. */
  readonly selected?: ArrayLike<number>;
  /** 1 for tokens of high entropy, [T]. */
  readonly highEntropy?: ArrayLike<number>;
  /** Importance weight between sampler and trainer: one, or one a token. */
  readonly importanceRatio?: number | ArrayLike<number>;
}

/** Numbers that only some losses read, one a token, by the names of `LossInputs` and `ValueInputs`. */
const OPTIONAL = [
  'oldLogprobs',
  'refLogprobs',
  'samplingLogprobs',
  'selected',
  'highEntropy',
  'oldValues',
  'returns',
  'valueMask',
  'valueWeights',
] as const;

/** The names of all numbers of a micro-batch's rows. */
export const rowColumns: readonly string[] = [
  'mask',
  'lossWeights',
  'advantages',
  'importanceRatio',
  ...OPTIONAL,
];

/** Part of an optimiser batch that is forwarded at once. */
export interface MicroBatch<Packed = PackedRows> {
  readonly packed: Packed;
  /**
   * The rows' numbers by the names of `LossInputs`: [B, T]; advantages [B] or [B, T], importanceRatio [B, 1] or [B, T].
   */
  readonly rows: Named<HostTensor>;
  /** How many of these rows are completions; those after them fill up the shape. */
  readonly completions: number;
}

/**
 * Cuts an optimiser batch into micro-batches of at most `size` rows: whole groups, so that a prompt is forwarded once,
 * unless a group alone is larger. Groups of different size never share one. Filled up to a bucketed number of prompts
 * with rows that weigh nothing, so that few shapes occur.
 */
export function microBatches(rows: readonly WeightedRow[], size: number): MicroBatch[] {
  const pieces = byGroup(rows).flatMap((group) => cut(group, size));
  const batches: WeightedRow[][][] = [];
  for (const piece of pieces) {
    const current = batches.at(-1);
    const fits = current?.[0]?.length === piece.length && (current.length + 1) * piece.length <= size;
    if (fits) current.push(piece);
    else batches.push([piece]);
  }
  return batches.map((batch) => ({ ...pack(filled(batch)), completions: batch.flat().length }));
}

/**
 * Packs texts that are forwarded and not trained on. With `past` every row has a position more, whose state is the one
 * after the last token.
 */
export function packedTexts(
  texts: readonly (TextRow & Partial<ScoredText>)[],
  { size, past = false }: { readonly size: number; readonly past?: boolean },
): MicroBatch[] {
  const rows = texts.map(({ group, promptIds, tokenIds, mask }) => ({
    group,
    promptIds,
    tokenIds,
    mask: mask ?? tokenIds.map(() => 1),
    lossWeights: [0],
    advantage: 0,
    ...(past && { valueMask: [...tokenIds.map(() => 1), 1] }),
  }));
  return microBatches(rows, size);
}

function cut<T>(group: readonly T[], size: number): T[][] {
  const pieces = Math.ceil(group.length / size);
  return Array.from({ length: pieces }, (_, i) => group.slice(i * size, (i + 1) * size));
}

/** A number of prompts or rows, rounded up to a quarter of the power of two below, so that few shapes occur. */
export function bucketedCount(count: number): number {
  const step = Math.max(1, 2 ** (Math.floor(Math.log2(count)) - 2));
  return Math.ceil(count / step) * step;
}

function filled(batch: readonly WeightedRow[][]): readonly WeightedRow[][] {
  const missing = bucketedCount(batch.length) - batch.length;
  return [...batch, ...Array<WeightedRow[]>(missing).fill(batch[0]!.map(blank))];
}

/** A row with the same columns, of one position that weighs nothing. */
function blank({ advantage, importanceRatio, group, ...columns }: WeightedRow): WeightedRow {
  const zeros = Object.fromEntries(Object.keys(columns).map((name) => [name, [0]]));
  return {
    ...(zeros as unknown as Omit<WeightedRow, 'advantage' | 'importanceRatio' | 'group'>),
    group,
    advantage: typeof advantage === 'number' ? 0 : [0],
    ...(importanceRatio !== undefined && {
      importanceRatio: typeof importanceRatio === 'number' ? 1 : [1],
    }),
  };
}

function pack(pieces: readonly (readonly WeightedRow[])[]): Omit<MicroBatch, 'completions'> {
  const packed = packRows(
    pieces.map((piece) => ({
      prompt: piece[0]!.promptIds,
      completions: piece.map(({ tokenIds }) => tokenIds),
      positions: piece.map(({ tokenIds, valueMask }) => Math.max(tokenIds.length, valueMask?.length ?? 0)),
    })),
  );
  const { width } = packed;
  const rows = pieces.flat();
  const columns = OPTIONAL.filter((name) => rows[0]![name] !== undefined);
  return {
    packed,
    rows: {
      mask: floatRows(
        rows.map((row) => row.mask),
        width,
      ),
      lossWeights: floatRows(
        rows.map((row) => row.lossWeights),
        width,
      ),
      advantages: values(
        rows.map((row) => row.advantage),
        { shape: [rows.length], width },
      ),
      ...Object.fromEntries(
        columns.map((name) => [
          name,
          floatRows(
            rows.map((row) => row[name]!),
            width,
          ),
        ]),
      ),
      // A weight of 1 leaves a token as it is, so that is what padding gets.
      ...(rows[0]!.importanceRatio !== undefined && {
        importanceRatio: values(
          rows.map((row) => row.importanceRatio!),
          { shape: [rows.length, 1], width, fill: 1 },
        ),
      }),
    },
  };
}

/** One number a row in the shape given, or one a token, [B, T]. */
function values(
  rows: readonly (number | ArrayLike<number>)[],
  { shape, width, fill = 0 }: { shape: readonly number[]; width: number; fill?: number },
): HostTensor {
  if (typeof rows[0] !== 'number') return floatRows(rows as readonly ArrayLike<number>[], width, fill);
  return { data: Float32Array.from(rows as readonly number[]), shape, dtype: 'float32' };
}
