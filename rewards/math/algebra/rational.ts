/** An exact fraction n/d in lowest terms, d > 0. */
export interface Rational {
  readonly n: bigint;
  readonly d: bigint;
}

/** Results wider than this are refused: no answer needs them, and an attack such as 9^9^9^9 lives on them. */
const MAX_BITS = 1 << 16;

export const ZERO: Rational = { n: 0n, d: 1n };
export const ONE: Rational = { n: 1n, d: 1n };
const HALF: Rational = { n: 1n, d: 2n };

/** n/d in lowest terms; undefined when d is 0. */
export function rational(n: bigint, d = 1n): Rational | undefined {
  if (d === 0n) return undefined;
  const divisor = gcd(n, d) * (d < 0n ? -1n : 1n);
  return { n: n / divisor, d: d / divisor };
}

/** An integer as a fraction. */
export function integer(n: number | bigint): Rational {
  return { n: BigInt(n), d: 1n };
}

/** Reads '12', '-3.5' or '.25' exactly. */
export function fromDecimal(text: string): Rational {
  const [whole = '', decimals = ''] = text.split('.');
  const sign = whole.startsWith('-') ? -1n : 1n;
  const digits = `${whole.replace(/[^\d]/g, '')}${decimals}` || '0';
  return rational(sign * BigInt(digits), 10n ** BigInt(decimals.length))!;
}

/** The value of a finite double. */
export function fromDouble(x: number): Rational {
  let [scaled, shift] = [x, 0n];
  for (; !Number.isInteger(scaled); shift++) scaled *= 2;
  return rational(BigInt(scaled), 1n << shift)!;
}

export function gcd(a: bigint, b: bigint): bigint {
  let [x, y] = [a < 0n ? -a : a, b < 0n ? -b : b];
  while (y !== 0n) [x, y] = [y, x % y];
  return x;
}

export const add = (a: Rational, b: Rational): Rational | undefined =>
  tooWide(a, b) ? undefined : rational(a.n * b.d + b.n * a.d, a.d * b.d);
export const multiply = (a: Rational, b: Rational): Rational | undefined =>
  tooWide(a, b) ? undefined : rational(a.n * b.n, a.d * b.d);
export const negate = (a: Rational): Rational => ({ n: -a.n, d: a.d });
export const invert = (a: Rational): Rational | undefined => rational(a.d, a.n);
/** The number half-way between two. */
export const middleOf = (a: Rational, b: Rational): Rational | undefined => {
  const sum = add(a, b);
  return sum && multiply(sum, HALF);
};
export const isInteger = (a: Rational): boolean => a.d === 1n;
export const equal = (a: Rational, b: Rational): boolean => a.n === b.n && a.d === b.d;
export const compare = (a: Rational, b: Rational): number => {
  const difference = a.n * b.d - b.n * a.d;
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
};

/** The greatest integer ≤ a. */
export function floor(a: Rational): bigint {
  const quotient = a.n / a.d;
  return a.n < 0n && a.n % a.d !== 0n ? quotient - 1n : quotient;
}

/** a to the power p/q, when the result is rational and not absurdly wide; undefined otherwise. */
export function power(a: Rational, exponent: Rational): Rational | undefined {
  const base = exponent.d === 1n ? a : exactRoot(a, exponent.d);
  if (base === undefined) return undefined;
  const times = exponent.n < 0n ? -exponent.n : exponent.n;
  if (times * BigInt(bits(base)) > BigInt(MAX_BITS)) {
    // Powers of 0, 1 and -1 stay small however large the exponent.
    if (base.d !== 1n || base.n > 1n || base.n < -1n) return undefined;
  }
  if (base.n === 0n && exponent.n <= 0n) return exponent.n === 0n ? ONE : undefined;
  if (base.d === 1n && (base.n === 1n || base.n === 0n)) return base;
  if (base.d === 1n && base.n === -1n) return times % 2n === 0n ? ONE : base;
  const raised = { n: base.n ** times, d: base.d ** times };
  return exponent.n < 0n ? invert(raised) : raised;
}

/** The real k-th root of a where it is rational: principal, so an even root of a negative number has none. */
function exactRoot(a: Rational, k: bigint): Rational | undefined {
  if (k > 64n || a.n < 0n) return undefined;
  const [n, d] = [integerRoot(a.n, k), integerRoot(a.d, k)];
  return n === undefined || d === undefined ? undefined : { n, d };
}

function integerRoot(a: bigint, k: bigint): bigint | undefined {
  if (a < 2n) return a;
  // Newton's steps from above fall until they are there.
  let root = 1n << BigInt(Math.ceil(a.toString(2).length / Number(k)));
  for (;;) {
    const next = ((k - 1n) * root + a / root ** (k - 1n)) / k;
    if (next >= root) return root ** k === a ? root : undefined;
    root = next;
  }
}

/** The nearest double; ±Infinity beyond its range. */
export function toNumber({ n, d }: Rational): number {
  const quotient = Number(n) / Number(d);
  if (Number.isFinite(quotient) && (quotient !== 0 || n === 0n)) return quotient;
  const shift = BigInt(Math.max(0, Math.max(bits({ n, d: 1n }), bits({ n: d, d: 1n })) - 1000));
  const scaled = Number(n >> shift) / Number(d >> shift);
  return Number.isNaN(scaled) ? Number.POSITIVE_INFINITY : scaled;
}

/** a rounded to so many decimals, halves to even; scaled by 10^decimals. */
export function roundScaled(a: Rational, decimals: number): bigint {
  const scaled = { n: a.n * 10n ** BigInt(decimals), d: a.d };
  const whole = floor(scaled);
  const twice = 2n * (scaled.n - whole * scaled.d);
  return twice > scaled.d || (twice === scaled.d && whole % 2n !== 0n) ? whole + 1n : whole;
}

function bits({ n, d }: Rational): number {
  // Four bits a hex digit: an upper bound is all that is needed.
  return 4 * Math.max(n.toString(16).length, d.toString(16).length);
}

/** What a further operation on a fraction costs, in operations on small ones: reducing wide fractions is quadratic. */
export function cost({ n, d }: Rational): number {
  if (isSmall({ n, d })) return 0;
  const narrower = 4 * Math.min(n.toString(16).length, d.toString(16).length);
  return Math.floor((narrower / 256) ** 2);
}

function tooWide(a: Rational, b: Rational): boolean {
  // A cheap test first: most numbers fit a machine word.
  return !(isSmall(a) && isSmall(b)) && bits(a) + bits(b) > MAX_BITS;
}

const SMALL = 1n << 64n;
const isSmall = ({ n, d }: Rational) => n < SMALL && n > -SMALL && d < SMALL;
