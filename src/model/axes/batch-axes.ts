import type { DynamicAxes, HostTensor, Named } from '../../engine/engine.ts';
import { attendsInBlocks } from '../attention/places.ts';

/**
 * The dynamic axes of a batch among a program's inputs: one compiled program serves packed rows of any number and
 * length, and one serves shared rows. `columns` are the names of inputs with a number for each row or token.
 */
export function batchAxes(inputs: Named<HostTensor>, columns: readonly string[] = []): DynamicAxes {
  const given = columns.filter((name) => name in inputs);
  const chunks = { [CHUNKS]: { 1: 'chunk' } };
  if ('owners' in inputs) {
    const grid = gridAxes(inputs.ids!);
    // Their number is bucketed, so it is a whole number of chunks.
    const predicted = `${chunksOf(inputs).count}*chunk`;
    const targets = { 0: predicted };
    const tokens = Object.fromEntries(given.map((name) => [name, { 1: predicted }]));
    return { ids: grid, positions: grid, owners: grid, predicting: targets, targets, ...tokens, ...chunks };
  }
  const [prefixWidth, width] = [inputs.prefixIds!, inputs.ids!].map(({ shape }) => shape[1]!) as [
    number,
    number,
  ];
  const isAnyLength = sameForAll(prefixWidth, width) && sameForAll(0, prefixWidth);
  const rows = { 0: 'prefixes*group' };
  const grid: Axes = isAnyLength ? { ...rows, 1: 'width' } : rows;
  return {
    prefixIds: isAnyLength ? { 0: 'prefixes', 1: 'prefixWidth' } : { 0: 'prefixes' },
    prefixLengths: { 0: 'prefixes' },
    ids: grid,
    targets: { 0: isAnyLength ? 'prefixes*group*width' : `prefixes*group*${width}` },
    ...Object.fromEntries(given.map((name) => [name, inputs[name]!.shape[1] === width ? grid : rows])),
    ...chunks,
  };
}

type Axes = DynamicAxes[string];

/** The dynamic axes of rows of tokens, [R, T]. */
export const gridAxes = ({ shape }: Pick<HostTensor, 'shape'>): Axes =>
  sameForAll(0, shape[1]!) ? { 0: 'rows', 1: 'width' } : { 0: 'rows' };

/** Programs with dynamic axes are traced at sizes up to this. */
const TRACED = 37;

/**
 * Tells whether T tokens after a prefix of S compute with the same ops whatever S and T are. Long ones do not: their
 * attention goes in blocks, whose number depends on S and T, and those sizes are compiled.
 */
const sameForAll = (prefixTokens: number, tokens: number): boolean =>
  !attendsInBlocks(prefixTokens, tokens) && !attendsInBlocks(TRACED, TRACED);

/** A batch of more than so many chunks has larger ones. */
const MOST_CHUNKS = 64;
/** Name of the chunks among a program's inputs. */
const CHUNKS = 'headChunks';

/**
 * The chunks in which a program computes logits, as a program input whose shape alone counts: [number, rows of each]. The
 * number is a power of two, so that few programs serve all batches. A chunk has about `most` rows at most, and about
 * half of that at least where there are several.
 */
export function headChunks(rows: number, most: number): Named<HostTensor> {
  const wanted = 2 ** Math.ceil(Math.log2(Math.max(1, rows / most)));
  let count = Math.min(wanted, MOST_CHUNKS);
  const size = () => Math.ceil(rows / count);
  // The last chunk must have a row.
  while ((count - 1) * size() >= rows) count /= 2;
  return { [CHUNKS]: { data: new Int32Array(count * size()), shape: [count, size()], dtype: 'int32' } };
}

/** The chunks of `headChunks` as a program sees them. */
export function chunksOf(inputs: Named<{ readonly shape: readonly number[] }>): Chunks {
  const [count, size] = inputs[CHUNKS]!.shape as [number, number];
  return { count, size };
}

/** All chunks have the same size; only the last may have fewer rows. */
export interface Chunks {
  readonly count: number;
  readonly size: number;
}
