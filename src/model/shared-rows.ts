import type { HostTensor } from '../engine/engine.ts';
import { lengthBucket } from './length-bucket.ts';

/** A prompt and the text after it, as token ids. */
interface Example {
  readonly prompt: readonly number[];
  readonly completion: readonly number[];
}

/**
 * Examples in the decoder's form, several to a row. An example is its prompt and its completion without the last token;
 * it attends to itself alone, and its positions count from 0. The head runs only where there is a token to predict.
 */
export interface SharedRows {
  /** [R, W] int32, right-padded with 0. */
  readonly ids: HostTensor;
  /** Place of each token in its example, [R, W] int32. */
  readonly positions: HostTensor;
  /** Number of each token's example, from 1, [R, W] int32; 0 at padding. */
  readonly owners: HostTensor;
  /** Which token of the R·W predicts each completion token, [N] int32, right-padded with 0. */
  readonly predicting: HostTensor;
  /** The completion tokens, [N] int32. */
  readonly targets: HostTensor;
}

/** Which examples share a row, [R][…], and how many tokens the rows have. */
export interface RowPlan {
  readonly rows: readonly (readonly number[])[];
  /** W */
  readonly width: number;
}

/**
 * Puts lengths into rows: the longest first, each into the first row that has room for it (first-fit decreasing). A row
 * has `rowLength` tokens, or as many as the longest needs, or as few as all together. Depends only on the lengths.
 */
export function planRows(lengths: readonly number[], rowLength: number): RowPlan {
  const width = lengthBucket(Math.max(1, ...lengths, Math.min(rowLength, totalOf(lengths))));
  return { rows: firstFit(lengths, () => width).map(({ members }) => members), width };
}

/**
 * The same with rows that are each as long as their longest example needs, `rowLength` at least: a plan for each width,
 * the widest first.
 */
export function planRowsByWidth(lengths: readonly number[], rowLength: number): RowPlan[] {
  const least = Math.min(rowLength, totalOf(lengths));
  const rows = firstFit(lengths, (length) => lengthBucket(Math.max(1, length, least)));
  const widths = [...new Set(rows.map(({ width }) => width))];
  return widths.map((width) => ({
    rows: rows.filter((row) => row.width === width).map(({ members }) => members),
    width,
  }));
}

const totalOf = (lengths: readonly number[]) => lengths.reduce((sum, length) => sum + length, 0);

/** A row under way. */
interface OpenRow {
  readonly members: number[];
  readonly width: number;
  room: number;
}

/** First-fit decreasing, with the width of a new row by the length that opens it. */
function firstFit(lengths: readonly number[], widthFor: (length: number) => number): readonly OpenRow[] {
  const order = lengths.map((_, i) => i).sort((a, b) => lengths[b]! - lengths[a]! || a - b);
  const rows: OpenRow[] = [];
  for (const i of order) {
    let row = rows.find(({ room }) => room >= lengths[i]!);
    if (row === undefined) {
      const width = widthFor(lengths[i]!);
      row = { members: [], width, room: width };
      rows.push(row);
    }
    row.members.push(i);
    row.room -= lengths[i]!;
  }
  return rows;
}

/** Tokens of an example in a row. */
export const sharedLength = ({ prompt, completion }: Example): number =>
  prompt.length + completion.length - 1;

/**
 * Writes examples into the rows of a plan. `rows` of a count above the plan's are padding. Predictions stand in the
 * plan's order, those of an example together.
 * @example
 * // ids 5 6 7 8, positions 0 1 0 1, owners 1 1 2 2; tokens 1, 2 and 3 predict 9, 8 and 1
 * shareRows([{ prompt: [5, 6], completion: [9] }, { prompt: [7], completion: [8, 1] }], plan, 1);
 */
export function shareRows(examples: readonly Example[], { rows, width }: RowPlan, count: number): SharedRows {
  const [ids, positions, owners] = [0, 1, 2].map(() => new Int32Array(count * width)) as [
    Int32Array,
    Int32Array,
    Int32Array,
  ];
  const predicting: number[] = [];
  const targets: number[] = [];
  for (const [r, members] of rows.entries()) {
    let at = r * width;
    for (const [i, member] of members.entries()) {
      const { prompt, completion } = examples[member]!;
      const tokens = [...prompt, ...completion.slice(0, -1)];
      ids.set(tokens, at);
      positions.set([...tokens.keys()], at);
      owners.fill(i + 1, at, at + tokens.length);
      predicting.push(...completion.map((_, t) => at + prompt.length - 1 + t));
      targets.push(...completion);
      at += tokens.length;
    }
  }
  const grid = (data: Int32Array): HostTensor => ({ data, shape: [count, width], dtype: 'int32' });
  return {
    ids: grid(ids),
    positions: grid(positions),
    owners: grid(owners),
    predicting: bucketed(predicting),
    targets: bucketed(targets),
  };
}

/** A tensor of numbers, padded with 0 to a bucketed length. */
function bucketed(values: readonly number[]): HostTensor {
  const data = new Int32Array(lengthBucket(values.length));
  data.set(values);
  return { data, shape: [data.length], dtype: 'int32' };
}
