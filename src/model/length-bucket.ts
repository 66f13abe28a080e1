/**
 * Rounds a length up to the padded length at which it is computed: a multiple of 4, or of an eighth of the next power
 * of two if that is more. So there are few shapes to compile, and beyond 32 tokens at most 1/4 is padding. The same
 * length always gives the same padded length.
 */
export function lengthBucket(length: number): number {
  const power = 2 ** Math.ceil(Math.log2(Math.max(length, 1)));
  const step = Math.max(4, power / 8);
  return Math.max(step, Math.ceil(length / step) * step);
}
