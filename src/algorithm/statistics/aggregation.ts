/**
 * How token losses become one number. Every mode is a weighted sum, loss = Σ_bt w_bt · loss_bt, whose weights depend
 * on the loss mask alone. So the weights are made once for the whole optimiser batch, on plain arrays, and a
 * micro-batch takes its rows of them: micro-batch losses and gradients then add up to the batch's exactly.
 *
 * The names are verl's `loss_agg_mode`. With n_b tokens in row b, N tokens and S rows in all, w_bt of a token is
 *   token-mean               1 / N              (dapo, bnpo; token-level policy gradient)
 *   seq-mean-token-sum       1 / S              (luspo)
 *   seq-mean-token-mean      1 / (S · n_b)      (grpo, gspo)
 *   seq-mean-token-sum-norm  1 / scale          (dr_grpo)
 * Departure: TRL counts rows without any loss token in S, verl does not; `rows` chooses.
 */
export const aggregations = [
  'token-mean',
  'seq-mean-token-sum',
  'seq-mean-token-mean',
  'seq-mean-token-sum-norm',
] as const;
export type Aggregation = (typeof aggregations)[number];

/** Rows of numbers, one row a sequence; rows may differ in length. */
export type Rows = readonly ArrayLike<number>[];

/** The denominators of an optimiser batch. */
export interface Denominators {
  /** N; at least 1. */
  readonly tokens: number;
  /** S; at least 1. */
  readonly sequences: number;
  /** Divides the sum in mode seq-mean-token-sum-norm. */
  readonly scale: number;
}

/** Sum of a row; of a mask's row, its count of loss tokens. */
export function rowSum(row: ArrayLike<number>): number {
  let sum = 0;
  for (let t = 0; t < row.length; t++) sum += row[t]!;
  return sum;
}

/** Count of loss tokens in a mask. */
export function totalTokens(mask: Rows): number {
  return mask.reduce((sum, row) => sum + rowSum(row), 0);
}

/** The weight of every token in the loss, as rows shaped like `mask` (0 where the mask is 0). */
export function tokenWeights(mask: Rows, mode: Aggregation, by: Denominators): Float32Array[] {
  return mask.map((row) => {
    const weight = rowWeight(mode, rowSum(row), by);
    return Float32Array.from(row, (m) => m * weight);
  });
}

function rowWeight(mode: Aggregation, length: number, by: Denominators): number {
  switch (mode) {
    case 'token-mean':
      return 1 / by.tokens;
    case 'seq-mean-token-sum':
      return 1 / by.sequences;
    case 'seq-mean-token-mean':
      return 1 / (by.sequences * Math.max(1, length));
    case 'seq-mean-token-sum-norm':
      return 1 / by.scale;
  }
}
