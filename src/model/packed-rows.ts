import type { HostTensor } from '../engine/engine.ts';
import { lengthBucket } from './length-bucket.ts';

/** A prompt and its G completions. All prompts of a packed batch have the same G. */
export interface Sequences {
  readonly prompt: readonly number[];
  readonly completions: readonly (readonly number[])[];
  /**
   * Positions of each row, [G]: the completion's length T, or T + 1 to have the state after its last token. T when left
   * out.
   */
  readonly positions?: readonly number[] | undefined;
}

/**
 * Sequences in the decoder's form. The prefix is the prompt without its last token; the prompt's G rows share it. A row
 * is the prompt's last token and the completion without its last token. Position t of a row thus predicts completion
 * token t, and the head runs only where there is a token to predict. A row of T + 1 positions also takes the
 * completion's last token.
 */
export interface PackedRows {
  /** [P, S] int32, right-padded with 0. */
  readonly prefixIds: HostTensor;
  /** Number of tokens of each prefix, [P] int32; 0 for a prompt of one token. */
  readonly prefixLengths: HostTensor;
  /** [B, T] int32, right-padded with 0. */
  readonly ids: HostTensor;
  /** The completion tokens, [B·T] int32. */
  readonly targets: HostTensor;
  /** B */
  readonly rows: number;
  /** T */
  readonly width: number;
}

/**
 * Packs sequences. The shapes are bucketed and depend only on the lengths.
 * @example
 * packRows([{ prompt: [5, 6, 7], completions: [[8, 9]] }]); // prefix 5 6, row 7 8, targets 8 9 (and padding)
 */
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

/** Makes a tensor of rows of ids, right-padded with 0: [rows, width] int32. */
export function intRows(rows: readonly (readonly number[])[], width: number): HostTensor {
  const data = new Int32Array(rows.length * width);
  for (const [r, row] of rows.entries()) data.set(row, r * width);
  return { data, shape: [rows.length, width], dtype: 'int32' };
}

/** Makes a tensor of rows of numbers, right-padded with `fill`: [rows, width] float32. */
export function floatRows(rows: readonly ArrayLike<number>[], width: number, fill = 0): HostTensor {
  const data = new Float32Array(rows.length * width).fill(fill);
  for (const [r, row] of rows.entries()) data.set(row, r * width);
  return { data, shape: [rows.length, width], dtype: 'float32' };
}

/** The bucket of the longest row. */
const bucketedWidth = (rows: readonly ArrayLike<number>[]): number =>
  lengthBucket(rows.reduce((max, row) => Math.max(max, row.length), 1));
