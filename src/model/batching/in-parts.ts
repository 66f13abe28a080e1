/** Cuts items into runs of `size` in their order; the last may be shorter. Without items there are none. */
export function inParts<T>(items: readonly T[], size: number): T[][] {
  const step = Math.min(size, Math.max(1, items.length));
  const count = Math.ceil(items.length / step);
  return Array.from({ length: count }, (_, i) => items.slice(i * step, (i + 1) * step));
}
