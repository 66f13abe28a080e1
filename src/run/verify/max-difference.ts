/** Finds the largest |a_i − b_i|. It is infinite if a number is NaN or the arrays differ in length. */
export function maxDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  let largest = 0;
  for (let i = 0; i < a.length; i++) {
    const gap = Math.abs(a[i]! - b[i]!);
    if (Number.isNaN(gap)) return Number.POSITIVE_INFINITY;
    if (gap > largest) largest = gap;
  }
  return largest;
}
