import { call, type Expr, isCall, num } from '../algebra/expression.ts';
import { add, negate, rational } from '../algebra/rational.ts';
import type { Cursor } from './cursor.ts';

/** A factor of a product, and how it was written. */
export interface Factor {
  readonly value: Expr;
  /** Written with digits alone. */
  readonly isInteger: boolean;
  /** Written \frac{digits}{digits}, perhaps with % behind. */
  readonly isFraction: boolean;
}

/** 2\frac12 and 2\frac12\%. */
export function mixedNumber(whole: Factor, next: Factor): Expr | undefined {
  if (!whole.isInteger || !next.isFraction) return undefined;
  const percent = isCall(next.value, 'Percent');
  const sum = added(whole.value, percent ? next.value.args[0]! : next.value);
  return sum !== undefined && percent ? call('Percent', sum) : sum;
}

/** '2 1/2': the space makes it a mixed number. */
export function slashedNumber(c: Cursor, whole: Factor, top: Factor): Expr | undefined {
  const bottom = c.peek();
  const isFraction = c.is('mark', '/') && bottom.type === 'number' && /^\d+$/.test(bottom.text);
  if (!whole.isInteger || !top.isInteger || top.value.kind !== 'num' || !isFraction) return undefined;
  const value = rational(top.value.value.n, BigInt(bottom.text));
  if (value === undefined || value.n >= value.d) return undefined;
  c.next();
  c.next();
  return added(whole.value, num(value));
}

function added(whole: Expr, fraction: Expr): Expr | undefined {
  if (whole.kind !== 'num' || fraction.kind !== 'num') return undefined;
  const sum = add(whole.value, whole.value.n < 0n ? negate(fraction.value) : fraction.value);
  return sum === undefined ? undefined : num(sum);
}
