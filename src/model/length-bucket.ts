/**
 * The padded length that a length is computed at: steps of an eighth of the next power of two, at least 4. A pure function, so the same
 * batch always has the same shapes, at most 1/4 padding beyond 32 tokens, and few programs to compile.
 */
export function lengthBucket(length: number): number {
  const power = 2 ** Math.ceil(Math.log2(Math.max(length, 1)));
  const step = Math.max(4, power / 8);
  return Math.max(step, Math.ceil(length / step) * step);
}
