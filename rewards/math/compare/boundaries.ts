/**
 * Where a real function may change its sign or touch zero, found in double precision: by sign changes between the
 * points of a grid, and at the low points of its size between them.
 */

type RealFunction = (x: number) => number;

/** Fine near zero, then geometric: thresholds of answers are years, populations and powers of ten. */
const positive = [
  ...Array.from({ length: 43 }, (_, i) => 10 ** (i - 45)),
  // t ↦ tan t spreads a finite grid over the whole line.
  ...Array.from({ length: 399 }, (_, i) => Math.tan(((i + 1) / 400) * (Math.PI / 2))),
  ...Array.from({ length: 39 }, (_, i) => 254 * 1.25 ** (i + 1)),
  ...Array.from({ length: 40 }, (_, i) => 1.5e6 * 2 ** (i + 1)),
  ...Array.from({ length: 27 }, (_, i) => 10 ** (i + 19)),
];
/** From −10⁴⁵ to 10⁴⁵. */
export const grid: readonly number[] = [...positive.map((x) => -x).reverse(), 0, ...positive];

/** Below, on or above zero; NaN where the function has no value. */
const side = (y: number) => Math.sign(y);
const isSameSide = (a: number, b: number) => Object.is(a, b) || (a === 0 && b === 0);

/** @param known places that the function is made of; the grid may pass over what happens between them. */
export function boundaries(f: RealFunction, known: readonly number[]): number[] {
  const between = known.slice(1).map((x, i) => (x + known[i]!) / 2);
  const points = [...new Set([...grid, ...known, ...between])].sort((a, b) => a - b);
  const values = points.map(f);
  const [found, low]: [number[], number[]] = [[], []];
  for (let i = 1; i < points.length; i++) {
    const [y, z, next] = [values[i - 1]!, values[i]!, values[i + 1] ?? Number.NaN];
    // A value that appears or ends marks a boundary too: sqrt(x) < 2 begins at 0.
    if (!isSameSide(side(y), side(z))) found.push(...changes(f, points[i - 1]!, points[i]!));
    else if (y * z > 0 && z * next > 0 && isLow(Math.abs(z), Math.abs(y), Math.abs(next))) low.push(i);
  }
  // Rounding makes low points of a constant; a function with so many of its own is beyond this search.
  if (low.length <= MOST_LOW_POINTS)
    for (const i of low) found.push(...around(f, points[i - 1]!, points[i + 1]!));
  return found;
}

const MOST_LOW_POINTS = 50;
const isLow = (size: number, left: number, right: number) =>
  size <= left && size <= right && size < (1 - 1e-9) * Math.max(left, right);

const MOST_CHANGES = 4;

/** Where f goes from one side of zero to another between two points on different sides: once, or more often. */
function changes(f: RealFunction, from: number, to: number): number[] {
  const found: number[] = [];
  let left = from;
  while (found.length < MOST_CHANGES && !isSameSide(side(f(left)), side(f(to)))) {
    const { low, high } = bisected(f, left, to);
    found.push(rounded(side(f(left)) !== 0 ? high : low));
    left = high;
  }
  return found;
}

/** Neighbouring doubles between which f leaves the side of zero that it is on at `from`. */
function bisected(f: RealFunction, from: number, to: number): { low: number; high: number } {
  let [low, high] = [from, to];
  const left = side(f(low));
  for (let i = 0; i < 1100; i++) {
    const middle = low / 2 + high / 2;
    if (middle <= low || middle >= high) break;
    if (isSameSide(side(f(middle)), left)) low = middle;
    else high = middle;
  }
  return { low, high };
}

/** The lowest point of |f| between two points on one side of zero, or the two places where f crosses there. */
function around(f: RealFunction, from: number, to: number): number[] {
  const sign = side(f(from));
  let [low, high] = [from, to];
  for (let i = 0; i < 60; i++) {
    const [left, right] = [low + (high - low) * GOLDEN, high - (high - low) * GOLDEN];
    const [y, z] = [f(left) * sign, f(right) * sign];
    const crossed = y <= 0 ? left : z <= 0 ? right : undefined;
    if (crossed !== undefined)
      return [...changes(f, from, crossed), rounded(crossed), ...changes(f, crossed, to)];
    if (y < z) high = right;
    else low = left;
  }
  return [rounded((low + high) / 2)];
}
const GOLDEN = 0.381966;

/** Boundaries are mostly round numbers: 2, not 1.9999999999. */
function rounded(x: number): number {
  const round = Number(x.toPrecision(9));
  return Math.abs(round - x) <= 1e-12 * Math.abs(x) ? round : x;
}
