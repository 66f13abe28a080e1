/** Tokens of a block. */
export const BLOCK = 256;

/** Sums of [V] weights by blocks: block b holds the tokens from b·BLOCK on. */
export interface BlockSums {
  readonly sums: Float64Array;
  readonly total: number;
}

/** Adds up weights by blocks, in one pass. Four sums at a time: an addition need not wait for the one before it. */
export function blockSums(weights: Float32Array): BlockSums {
  const sums = new Float64Array(Math.ceil(weights.length / BLOCK));
  let total = 0;
  for (let block = 0; block < sums.length; block++) {
    let i = block * BLOCK;
    const end = Math.min(weights.length, i + BLOCK);
    let s0 = 0;
    let s1 = 0;
    let s2 = 0;
    let s3 = 0;
    for (; i + 3 < end; i += 4) {
      s0 += weights[i]!;
      s1 += weights[i + 1]!;
      s2 += weights[i + 2]!;
      s3 += weights[i + 3]!;
    }
    for (; i < end; i++) s0 += weights[i]!;
    const sum = s0 + s1 + (s2 + s3);
    sums[block] = sum;
    total += sum;
  }
  return { sums, total };
}
