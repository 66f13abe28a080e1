import { compare, fromDouble, invert, middleOf, type Rational, rational, ZERO } from './rational.ts';

/** A point of the real line: its double, and its exact value where that is a known fraction. */
export interface RealPoint {
  readonly near: number;
  readonly exact?: Rational;
}

/** Points of which one is known as a double alone are the same within this, relative to their size. */
const NEAR = 3e-12;

export const isNear = (a: number, b: number, slack = NEAR): boolean =>
  a === b || Math.abs(a - b) < slack * Math.max(Math.abs(a), Math.abs(b), 1e-14);

/** −1, 0 or 1 as a lies left of b, on it, or right of it. */
export function order(a: RealPoint, b: RealPoint): number {
  if (a.exact !== undefined && b.exact !== undefined) return compare(a.exact, b.exact);
  return isNear(a.near, b.near) ? 0 : Math.sign(a.near - b.near);
}

/** Left to right, each place once; the exact point stands for those within rounding of it. */
export function distinct(points: readonly RealPoint[]): RealPoint[] {
  const sorted = points
    .filter(({ near }) => Number.isFinite(near))
    .sort((a, b) => a.near - b.near || order(a, b));
  const kept: RealPoint[] = [];
  for (const point of sorted) {
    const last = kept.at(-1);
    if (last === undefined || order(last, point) !== 0) kept.push(point);
    else if (last.exact === undefined) kept[kept.length - 1] = point;
  }
  return kept;
}

const exactly = (point: RealPoint): Rational => point.exact ?? fromDouble(point.near);

export const between = (a: RealPoint, b: RealPoint): RealPoint => ({
  near: a.near / 2 + b.near / 2,
  exact: middleOf(exactly(a), exactly(b))!,
});

export const atDouble = (near: number): RealPoint => ({ near, exact: fromDouble(near) });

/** The fraction of smallest denominator, up to a million, within `slack` of x, relative to it. */
export function simpleFraction(x: number, slack = 1e-13): Rational | undefined {
  const size = Math.abs(x);
  if (!Number.isFinite(x) || size > 1e15) return undefined;
  if (size < 1e-9) {
    const inverse = x === 0 ? undefined : simpleFraction(1 / x, slack);
    return x === 0 ? ZERO : inverse && invert(inverse);
  }
  let [rest, n, lastN, d, lastD] = [x, 1, 0, 0, 1];
  for (let i = 0; i < 40; i++) {
    const whole = Math.floor(rest);
    [n, lastN] = [whole * n + lastN, n];
    [d, lastD] = [whole * d + lastD, d];
    if (d > 1e6 || Math.abs(n) > Number.MAX_SAFE_INTEGER) return undefined;
    if (Math.abs(x - n / d) <= slack * size) return rational(BigInt(n), BigInt(d));
    rest = 1 / (rest - whole);
  }
  return undefined;
}
