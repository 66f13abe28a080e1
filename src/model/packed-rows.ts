import type { HostTensor } from '../engine/engine.ts';
import { lengthBucket } from './length-bucket.ts';

/** A prompt and the texts that continue it, G rows; every sequence of a packed batch has the same G. */
export interface Sequences {
  readonly prompt: readonly number[];
  readonly completions: readonly (readonly number[])[];
  /** Positions of each row, [G]: the completion's length T, or T + 1 to have the state after its last token. T when left out. */
  readonly positions?: readonly number[] | undefined;
}

/**
 * Sequences as the decoder takes them: all but the last token of each prompt as a prefix that its G rows share; row b is the
 * prompt's last token and its completion but for the last token, so that position t predicts completion token t and the
 * head runs only where there is something to predict. A row of T + 1 positions takes the last token in too.
 */
export interface PackedRows {
  /** [P, S] int32, right-padded with 0. */
  readonly prefixIds: HostTensor;
  /** [P] int32; 0 for a prompt of one token. */
  readonly prefixLengths: HostTensor;
  /** [B, T] int32, right-padded with 0. */
  readonly ids: HostTensor;
  /** [B·T] int32: the completion tokens. */
  readonly targets: HostTensor;
  readonly rows: number;
  /** T */
  readonly width: number;
}

/** Packs sequences into bucketed shapes, a pure function of their lengths. */
export function packRows(sequences: readonly Sequences[]): PackedRows {
  const prefixes = sequences.map(({ prompt }) => prompt.slice(0, -1));
  const rows = sequences.flatMap(({ prompt, completions, positions }) =>
    completions.map((completion, g) => [
      prompt.at(-1)!,
      ...completion.slice(0, (positions?.[g] ?? completion.length) - 1),
    ]),
  );
  const width = bucketedWidth(rows);
  const ids = intRows(rows, width);
  const targets = intRows(
    sequences.flatMap(({ completions }) => completions),
    width,
  );
  return {
    prefixIds: intRows(prefixes, bucketedWidth(prefixes)),
    prefixLengths: {
      data: Int32Array.from(prefixes, (prefix) => prefix.length),
      shape: [prefixes.length],
      dtype: 'int32',
    },
    ids,
    targets: { ...targets, shape: [targets.data.length] },
    rows: rows.length,
    width,
  };
}

/** Rows of ids, right-padded with 0, [rows, width] int32. */
function intRows(rows: readonly (readonly number[])[], width: number): HostTensor {
  const data = new Int32Array(rows.length * width);
  for (const [r, row] of rows.entries()) data.set(row, r * width);
  return { data, shape: [rows.length, width], dtype: 'int32' };
}

/** Rows of numbers, right-padded with `fill`, [rows, width] float32. */
export function floatRows(rows: readonly ArrayLike<number>[], width: number, fill = 0): HostTensor {
  const data = new Float32Array(rows.length * width).fill(fill);
  for (const [r, row] of rows.entries()) data.set(row, r * width);
  return { data, shape: [rows.length, width], dtype: 'float32' };
}

/** The bucket of the longest row. */
const bucketedWidth = (rows: readonly ArrayLike<number>[]): number =>
  lengthBucket(rows.reduce((max, row) => Math.max(max, row.length), 1));
