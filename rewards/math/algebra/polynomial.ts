import { type ExactPoint, exactValue } from './exact.ts';
import { type Expr, key } from './expression.ts';
import { add, gcd, integer, isInteger, multiply, ONE, type Rational, ZERO } from './rational.ts';

/** Coefficients from the constant up, the last one not 0; the zero polynomial has none. */
export type Polynomial = readonly Rational[];

/** One polynomial over another. */
export interface Quotient {
  readonly top: Polynomial;
  readonly bottom: Polynomial;
}

const HIGHEST_DEGREE = 24;

/** Thrown where an expression is no quotient of polynomials of moderate size, and caught in this file. */
class NoQuotient extends Error {}

/** An expression as a quotient of polynomials in `name`, the other unknowns having values; undefined when it is none. */
export function quotientOf(expr: Expr, name: string, values: ExactPoint): Quotient | undefined {
  try {
    return read(expr, name, values);
  } catch (error) {
    if (error instanceof NoQuotient) return undefined;
    throw error;
  }
}

function read(expr: Expr, name: string, values: ExactPoint): Quotient {
  if (key(expr) === name) return over([ZERO, ONE]);
  const value = exactValue(expr, values);
  if (value !== undefined) return over(trimmed([value]));
  if (expr.kind !== 'call') throw new NoQuotient();
  const part = (i: number) => read(expr.args[i]!, name, values);
  switch (expr.head) {
    case 'Add':
      return expr.args.map((_, i) => part(i)).reduce(sum);
    case 'Mul':
      return expr.args.map((_, i) => part(i)).reduce(productOf);
    case 'Neg':
      return productOf(over([integer(-1)]), part(0));
    case 'Div':
      return productOf(part(0), inverse(part(1)));
    case 'Pow':
      return raised(part(0), exactValue(expr.args[1]!, values));
    default:
      throw new NoQuotient();
  }
}

const over = (top: Polynomial): Quotient => ({ top, bottom: [ONE] });

function inverse({ top, bottom }: Quotient): Quotient {
  if (top.length === 0) throw new NoQuotient();
  return { top: bottom, bottom: top };
}

function sum(a: Quotient, b: Quotient): Quotient {
  if (same(a.bottom, b.bottom)) return { top: plus(a.top, b.top), bottom: a.bottom };
  return {
    top: plus(times(a.top, b.bottom), times(b.top, a.bottom)),
    bottom: times(a.bottom, b.bottom),
  };
}

const same = (a: Polynomial, b: Polynomial) =>
  a.length === b.length && a.every((x, i) => x.n === b[i]!.n && x.d === b[i]!.d);

const productOf = (a: Quotient, b: Quotient): Quotient => ({
  top: times(a.top, b.top),
  bottom: times(a.bottom, b.bottom),
});

function raised(base: Quotient, exponent: Rational | undefined): Quotient {
  if (exponent === undefined || !isInteger(exponent)) throw new NoQuotient();
  const count = exponent.n < 0n ? -exponent.n : exponent.n;
  if (count > BigInt(HIGHEST_DEGREE)) throw new NoQuotient();
  const factor = exponent.n < 0n ? inverse(base) : base;
  return new Array<Quotient>(Number(count)).fill(factor).reduce(productOf, over([ONE]));
}

function plus(a: Polynomial, b: Polynomial): Polynomial {
  const [long, short] = a.length < b.length ? [b, a] : [a, b];
  return trimmed(long.map((x, i) => (i < short.length ? defined(add(x, short[i]!)) : x)));
}

function times(a: Polynomial, b: Polynomial): Polynomial {
  if (a.length === 0 || b.length === 0) return [];
  if (a.length + b.length - 2 > HIGHEST_DEGREE) throw new NoQuotient();
  const product = new Array<Rational>(a.length + b.length - 1).fill(ZERO);
  for (const [i, x] of a.entries()) {
    for (const [j, y] of b.entries()) product[i + j] = defined(add(product[i + j]!, defined(multiply(x, y))));
  }
  return trimmed(product);
}

function trimmed(coefficients: readonly Rational[]): Polynomial {
  let length = coefficients.length;
  while (length > 0 && coefficients[length - 1]!.n === 0n) length--;
  return coefficients.slice(0, length);
}

function defined(x: Rational | undefined): Rational {
  if (x === undefined) throw new NoQuotient();
  return x;
}

/** Coefficients that are whole numbers without a common factor, from the constant up. */
export type IntegerPolynomial = readonly bigint[];

/** A positive multiple. */
export function overIntegers(p: Polynomial): IntegerPolynomial {
  const common = p.reduce((product, { d }) => (product / gcd(product, d)) * d, 1n);
  return leanest(p.map(({ n, d }) => n * (common / d)));
}

export function leanest(p: IntegerPolynomial): IntegerPolynomial {
  const factor = p.reduce(gcd, 0n);
  return factor < 2n ? p : p.map((x) => x / factor);
}

export const derivative = (p: IntegerPolynomial): IntegerPolynomial =>
  p.slice(1).map((x, i) => x * BigInt(i + 1));

/** Positive multiples of the quotient and the rest of a division. */
export function divided(
  a: IntegerPolynomial,
  b: IntegerPolynomial,
): { readonly whole: IntegerPolynomial; readonly rest: IntegerPolynomial } {
  const last = b.at(-1)!;
  const [size, sign] = last < 0n ? [-last, -1n] : [last, 1n];
  let rest = [...a];
  let whole: bigint[] = [];
  for (let at = a.length - b.length; at >= 0; at--) {
    const factor = rest[at + b.length - 1]! * sign;
    rest = rest.map((x, i) => x * size - factor * (b[i - at] ?? 0n));
    whole = [factor, ...whole.map((x) => x * size)];
  }
  while (rest.length > 0 && rest.at(-1) === 0n) rest.pop();
  return { whole, rest };
}
