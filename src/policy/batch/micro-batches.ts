import type { OptimizerSettings } from '../../algorithm/optimizer/optimizer-settings.ts';
import type { HostTensor, Named } from '../../engine/engine.ts';
import { bucketedCount, cutGroups, type ForwardLimits } from '../../model/batching/cut-groups.ts';
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
  /** Which of the rows that were cut these are, in the order of the micro-batch. */
  readonly members: readonly number[];
  /** How many more rows, after those, only fill up the shape. */
  readonly fillers: number;
}

/** The limits that a recipe sets. */
export const limitsOf = ({
  microBatchSize,
  microBatchTokens,
}: Pick<OptimizerSettings, 'microBatchSize' | 'microBatchTokens'>): ForwardLimits => ({
  rows: microBatchSize,
  tokens: microBatchTokens,
});

/**
 * Cuts an optimiser batch into micro-batches as `cutGroups` does, with whole groups where it can, so that a prompt is
 * forwarded once. Each is filled up to a bucketed number of prompts with rows that weigh nothing, so that few shapes
 * occur.
 */
export function microBatches(rows: readonly WeightedRow[], limits: ForwardLimits): MicroBatch[] {
  const groups = byGroup(rows);
  const lengths = groups.map((group) => ({
    prefix: group[0]!.promptIds.length - 1,
    rows: group.map(positionsOf),
  }));
  const starts = groups.map((_, g) => groups.slice(0, g).reduce((sum, { length }) => sum + length, 0));
  return cutGroups(lengths, limits).map((pieces) => {
    const batch = pieces.map((piece) => piece.rows.map((r) => groups[piece.group]![r]!));
    const members = pieces.flatMap((piece) => piece.rows.map((r) => starts[piece.group]! + r));
    const all = filled(batch);
    return { ...pack(all), members, fillers: all.flat().length - members.length };
  });
}

/** Positions that a row takes: its tokens, or one more for the state after the last. */
const positionsOf = ({ tokenIds, valueMask }: WeightedRow): number =>
  Math.max(tokenIds.length, valueMask?.length ?? 0);

/**
 * Packs texts that are forwarded and not trained on. With `past` every row has a position more, whose state is the one
 * after the last token.
 */
export function packedTexts(
  texts: readonly (TextRow & Partial<ScoredText>)[],
  { limits, past = false }: { readonly limits: ForwardLimits; readonly past?: boolean },
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
  return microBatches(rows, limits);
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

function pack(pieces: readonly (readonly WeightedRow[])[]): Pick<MicroBatch, 'packed' | 'rows'> {
  const packed = packRows(
    pieces.map((piece) => ({
      prompt: piece[0]!.promptIds,
      completions: piece.map(({ tokenIds }) => tokenIds),
      positions: piece.map(positionsOf),
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
