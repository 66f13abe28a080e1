/** Statistics that leave NaN values out, as torch.nanmean does: a completion without a reward has NaN. */

/** Mean of the values that are numbers; NaN when none is. */
export function nanMean(values: ArrayLike<number>): number {
  let sum = 0;
  let count = 0;
  for (let i = 0; i < values.length; i++) {
    if (Number.isNaN(values[i]!)) continue;
    sum += values[i]!;
    count++;
  }
  return sum / count;
}

/** Unbiased standard deviation (n − 1) of the values that are numbers; NaN when fewer than two are. */
export function nanStd(values: ArrayLike<number>): number {
  const mean = nanMean(values);
  let sum = 0;
  let count = 0;
  for (let i = 0; i < values.length; i++) {
    if (Number.isNaN(values[i]!)) continue;
    sum += (values[i]! - mean) ** 2;
    count++;
  }
  return count > 1 ? Math.sqrt(sum / (count - 1)) : Number.NaN;
}
