import { approximate } from './approximate.ts';
import { exactValue } from './exact.ts';
import type { Expr } from './expression.ts';
import { fromDecimal, type Rational, roundScaled } from './rational.ts';

const nowhere = new Map<string, never>();

/** Equal after rounding to so many decimals: 2/3 is 0.666667, and no 0.666666. */
export function sameRounded(a: Expr, b: Expr, decimals: number): boolean {
  const [first, second] = [numberOf(a), numberOf(b)];
  return (
    first !== undefined &&
    second !== undefined &&
    roundScaled(first, decimals) === roundScaled(second, decimals)
  );
}

/** Exact where it can be; else the double's digits, which go far beyond any rounding. */
function numberOf(expr: Expr): Rational | undefined {
  const exact = exactValue(expr, nowhere);
  if (exact !== undefined) return exact;
  const value = approximate(expr, nowhere);
  const real = value !== undefined && Math.abs(value.im) <= 1e-12 * Math.max(1, Math.abs(value.re));
  return real && Math.abs(value.re) < 1e20 ? fromDecimal(value.re.toFixed(15)) : undefined;
}
