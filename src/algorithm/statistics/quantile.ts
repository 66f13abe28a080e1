/**
 * The q-quantile of `values` by linear interpolation between order statistics, as torch.quantile and numpy do.
 * Returns Infinity for no values, so that nothing lies at or above it.
 */
export function quantile(values: readonly number[], q: number): number {
  if (values.length === 0) return Number.POSITIVE_INFINITY;
  const sorted = Float64Array.from(values).sort();
  const position = q * (sorted.length - 1);
  const below = Math.floor(position);
  const low = sorted[below]!;
  const high = sorted[Math.min(below + 1, sorted.length - 1)]!;
  return low + (position - below) * (high - low);
}
