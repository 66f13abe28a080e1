/**
 * Averages each value with its neighbours: up to `reach` on each side, fewer at the ends. Gaps stay gaps, and count for
 * nothing in the means beside them.
 */
export function smooth(values: readonly (number | null)[], reach: number): (number | null)[] {
  return values.map((value, i) => {
    if (value === null) return null;
    const near = values.slice(Math.max(0, i - reach), i + reach + 1).filter((other) => other !== null);
    return near.reduce((sum, other) => sum + other, 0) / near.length;
  });
}
