import type { Rows } from './aggregation.ts';

/** Statistics of [B][T] rows over the positions that a mask keeps; the others may hold anything. */

/** Mean over the mask; 0 over nothing. */
export function maskedMean(rows: Rows, mask: Rows): number {
  let sum = 0;
  let count = 0;
  rows.forEach((row, b) => {
    for (let t = 0; t < row.length; t++) {
      if (!mask[b]![t]) continue;
      sum += row[t]!;
      count++;
    }
  });
  return count === 0 ? 0 : sum / count;
}

/** Unbiased variance (n − 1) over the mask; 0 over a single position or none. */
export function maskedVariance(rows: Rows, mask: Rows): number {
  const mean = maskedMean(rows, mask);
  let sum = 0;
  let count = 0;
  rows.forEach((row, b) => {
    for (let t = 0; t < row.length; t++) {
      if (!mask[b]![t]) continue;
      sum += (row[t]! - mean) ** 2;
      count++;
    }
  });
  return count > 1 ? sum / (count - 1) : 0;
}

/**
 * (x − mean)/√(variance + 1e-8), with statistics over the mask; masked positions are shifted and scaled too, as in TRL
 * and verl. With `shiftMean` false the mean is added back.
 */
export function maskedWhiten(rows: Rows, mask: Rows, shiftMean = true): Float32Array[] {
  const mean = maskedMean(rows, mask);
  const scale = 1 / Math.sqrt(maskedVariance(rows, mask) + 1e-8);
  const back = shiftMean ? 0 : mean;
  return rows.map((row) => Float32Array.from(row, (x) => (x - mean) * scale + back));
}

/** Rows with 0 where the mask is 0. */
export function masked(rows: Rows, mask: Rows): Float32Array[] {
  return rows.map((row, b) => Float32Array.from(row, (x, t) => (mask[b]![t] ? x : 0)));
}
