import { exactValue } from './exact.ts';
import type { Expr } from './expression.ts';
import { isInteger } from './rational.ts';

/** Arithmetic modulo a number, for powers and factorials too large to write out. */

export const reduce = (value: bigint, modulus: bigint): bigint => ((value % modulus) + modulus) % modulus;

/** base^exponent, for an exponent of at least 0. */
export function powerModulo(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let [result, square] = [1n % modulus, reduce(base, modulus)];
  for (const bit of [...exponent.toString(2)].reverse()) {
    if (bit === '1') result = (result * square) % modulus;
    square = (square * square) % modulus;
  }
  return result;
}

/** 1/x modulo a prime; undefined where x is a multiple of it. */
export function inverseModulo(x: bigint, prime: bigint): bigint | undefined {
  const value = reduce(x, prime);
  return value === 0n ? undefined : powerModulo(value, prime - 2n, prime);
}

const LARGEST_FACTORIAL = 20_000n;
/** Wider ones take too long: no answer needs them. */
const LARGEST_MODULUS = 1n << 256n;
const nowhere = new Map<string, never>();

/** A sum, product or power of whole numbers modulo any number; undefined for what may be no whole number. */
export function integerModulo(expr: Expr, modulus: bigint): bigint | undefined {
  if (modulus <= 0n || modulus > LARGEST_MODULUS) return undefined;
  const exact = exactValue(expr, nowhere);
  if (exact !== undefined) return isInteger(exact) ? reduce(exact.n, modulus) : undefined;
  if (expr.kind !== 'call') return undefined;
  if (expr.head === 'Pow') {
    const [base, exponent] = [integerModulo(expr.args[0]!, modulus), exactValue(expr.args[1]!, nowhere)];
    if (base === undefined || exponent === undefined || !isInteger(exponent) || exponent.n < 0n)
      return undefined;
    return powerModulo(base, exponent.n, modulus);
  }
  if (expr.head === 'Factorial') return factorialModulo(exactValue(expr.args[0]!, nowhere)?.n, modulus);
  const values = expr.args.map((arg) => integerModulo(arg, modulus));
  if (!values.every((value) => value !== undefined)) return undefined;
  if (expr.head === 'Add')
    return reduce(
      values.reduce((a, b) => a + b),
      modulus,
    );
  if (expr.head === 'Mul') return values.reduce((a, b) => (a * b) % modulus);
  return expr.head === 'Neg' ? reduce(-values[0]!, modulus) : undefined;
}

function factorialModulo(n: bigint | undefined, modulus: bigint): bigint | undefined {
  if (n === undefined || n < 0n || n > LARGEST_FACTORIAL) return undefined;
  let product = 1n % modulus;
  for (let i = 2n; i <= n && product !== 0n; i++) product = (product * i) % modulus;
  return product;
}
