/** The first bits of a float32: its exponent and four more. As whole numbers they are in the order of the weights. */
const SHIFT = 19;
const BINS = 2 ** (31 - SHIFT);

/** How many tokens of [V] weights fall into each bin, and what they weigh together. A bin's weights lie side by side. */
export interface Histogram {
  readonly counts: Int32Array;
  readonly masses: Float64Array;
  readonly total: number;
  readonly greatest: number;
}

/** Counts weights of at least 0 into bins, in one pass. */
export function histogram(weights: Float32Array): Histogram {
  const bits = new Int32Array(weights.buffer, weights.byteOffset, weights.length);
  const counts = new Int32Array(BINS);
  const masses = new Float64Array(BINS);
  let greatest = 0;
  for (let i = 0; i < bits.length; i++) {
    const bin = bits[i]! >>> SHIFT;
    const weight = weights[i]!;
    counts[bin]!++;
    masses[bin]! += weight;
    if (weight > greatest) greatest = weight;
  }
  let total = 0;
  for (const mass of masses) total += mass;
  return { counts, masses, total, greatest };
}

/** The bin of a weight. */
export function binOf(weight: number): number {
  return new Int32Array(Float32Array.of(weight).buffer)[0]! >>> SHIFT;
}

/** The least weight that falls into a bin. */
export function leastIn(bin: number): number {
  return new Float32Array(Int32Array.of(bin << SHIFT).buffer)[0]!;
}
