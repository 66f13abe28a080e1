import { exactValue } from './exact.ts';
import { call, type Expr, isCall, key, num } from './expression.ts';
import { equal, integer, power, type Rational, rational, toNumber } from './rational.ts';

/** Denominators of a logarithm that are tried: \log_{32}(8) is 3/5. */
const LARGEST_DENOMINATOR = 12;
const nowhere = new Map<string, never>();

/** The logarithm of a power, or of one number to another, worked out as far as it is rational; undefined elsewhere. */
export function logarithm(x: Expr, base: Expr): Expr | undefined {
  if (key(x) === key(base)) return num(1);
  if (isCall(x, 'Exp') && base.kind === 'sym' && base.name === 'e') return x.args[0]!;
  if (isCall(x, 'Pow')) {
    const size = exactValue(x.args[0]!, nowhere);
    if (size === undefined || size.n <= 0n) return undefined;
    return call('Mul', x.args[1]!, logarithm(x.args[0]!, base) ?? call('Log', x.args[0]!, base));
  }
  const [value, root] = [exactValue(x, nowhere), exactValue(base, nowhere)];
  const ratio = value && root && rationalLogarithm(value, root);
  return ratio && num(ratio);
}

function rationalLogarithm(x: Rational, base: Rational): Rational | undefined {
  const size = Math.log(toNumber(x)) / Math.log(toNumber(base));
  if (!Number.isFinite(size)) return undefined;
  for (let d = 1; d <= LARGEST_DENOMINATOR; d++) {
    const n = Math.round(size * d);
    const [left, right] = [power(x, integer(d)), power(base, integer(n))];
    if (left !== undefined && right !== undefined && equal(left, right))
      return rational(BigInt(n), BigInt(d));
  }
  return undefined;
}
