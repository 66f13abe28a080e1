import { approximate } from '../algebra/approximate.ts';
import { exactValue } from '../algebra/exact.ts';
import type { Expr } from '../algebra/expression.ts';
import { fromDouble, type Rational, roundScaled, toNumber } from '../algebra/rational.ts';

const nowhere = new Map<string, never>();

/**
 * Equal after rounding to so many decimals: 2/3 is 0.666667, and no 0.666666. They count from the first digit that is
 * not 0 where the gold answer is below a thousandth: 0.0000672 is no 0.000067.
 */
export function sameRounded(gold: Expr, given: Expr, decimals: number): boolean {
  const [a, b] = [numberOf(gold), numberOf(given)];
  if (a === undefined || b === undefined) return false;
  const zeros = leadingZeros(a);
  const places = zeros >= 3 ? decimals + zeros : decimals;
  return roundScaled(a, places) === roundScaled(b, places);
}

/** Zeros between the decimal point and the first other digit. */
function leadingZeros(x: Rational): number {
  const size = Math.abs(toNumber(x));
  return size === 0 || size >= 1 ? 0 : Math.ceil(-Math.log10(size)) - 1;
}

/** Exact where it can be; else the double's digits, which go far beyond any rounding. */
function numberOf(expr: Expr): Rational | undefined {
  const exact = exactValue(expr, nowhere);
  if (exact !== undefined) return exact;
  const value = approximate(expr, nowhere);
  const real = value !== undefined && Math.abs(value.im) <= 1e-12 * Math.max(1, Math.abs(value.re));
  return real && Math.abs(value.re) < 1e20 ? fromDouble(value.re) : undefined;
}
