import { type Call, type Expr, key } from './expression.ts';
import { toNumber } from './rational.ts';

/** A complex double. */
export interface Complex {
  readonly re: number;
  readonly im: number;
}
export type Point = ReadonlyMap<string, number>;

const real = (re: number): Complex => ({ re, im: 0 });
const usable = (z: Complex | undefined): z is Complex =>
  z !== undefined && Number.isFinite(z.re) && Number.isFinite(z.im);

/** Beyond this an angle's double no longer says where on the circle it lies. */
const LARGEST_ANGLE = 1e9;

/**
 * An expression's value in double precision, on principal branches; undefined where it has none, overflows, or a
 * double could not tell. Never slow: each node is visited once.
 */
export function approximate(expr: Expr, point: Point): Complex | undefined {
  const value = compute(expr, point);
  return usable(value) ? value : undefined;
}

function compute(expr: Expr, point: Point): Complex | undefined {
  if (expr.kind === 'num') return expr.base === undefined ? real(toNumber(expr.value)) : undefined;
  if (expr.kind === 'sym') {
    if (point.has(expr.name)) return real(point.get(expr.name)!);
    return expr.name === 'pi'
      ? real(Math.PI)
      : expr.name === 'e'
        ? real(Math.E)
        : expr.name === 'i'
          ? { re: 0, im: 1 }
          : undefined;
  }
  if (expr.kind === 'text' || (expr.kind === 'call' && (expr.head === 'Apply' || expr.head === 'Prime'))) {
    const value = point.get(key(expr));
    return value === undefined ? undefined : real(value);
  }
  return expr.kind === 'call' ? computeCall(expr, point) : undefined;
}

function computeCall({ head, args }: Call, point: Point): Complex | undefined {
  const values = args.map((arg) => approximate(arg, point));
  if (head === 'Mul' && values.some((z) => z?.re === 0 && z.im === 0)) return real(0);
  if (!values.every(usable)) return undefined;
  const complex = complexFunctions[head];
  if (complex !== undefined) return complex(...values);
  const ofReals = realFunctions[head];
  return ofReals !== undefined && values.every((z) => z.im === 0)
    ? real(ofReals(...values.map((z) => z.re)))
    : undefined;
}

const add = (a: Complex, b: Complex): Complex => ({ re: a.re + b.re, im: a.im + b.im });
const negate = (a: Complex): Complex => ({ re: -a.re, im: -a.im });
const multiply = (a: Complex, b: Complex): Complex => ({
  re: a.re * b.re - a.im * b.im,
  im: a.re * b.im + a.im * b.re,
});
const divide = (a: Complex, b: Complex): Complex => {
  const size = b.re * b.re + b.im * b.im;
  return { re: (a.re * b.re + a.im * b.im) / size, im: (a.im * b.re - a.re * b.im) / size };
};
const log = (z: Complex): Complex => ({ re: Math.log(Math.hypot(z.re, z.im)), im: Math.atan2(z.im, z.re) });
const exp = (z: Complex): Complex | undefined => {
  if (Math.abs(z.im) > LARGEST_ANGLE) return undefined;
  const size = Math.exp(z.re);
  return z.im === 0 ? real(size) : { re: size * Math.cos(z.im), im: size * Math.sin(z.im) };
};
const power = (a: Complex, b: Complex): Complex | undefined => {
  if (a.re === 0 && a.im === 0)
    return b.im === 0 && b.re > 0 ? real(0) : b.re === 0 && b.im === 0 ? real(1) : undefined;
  if (a.im === 0 && b.im === 0 && (a.re > 0 || Number.isInteger(b.re))) return real(a.re ** b.re);
  return exp(multiply(b, log(a)));
};
const sum = (...args: Complex[]) => args.reduce(add);

const complexFunctions: Readonly<Record<string, (...args: Complex[]) => Complex | undefined>> = {
  Add: sum,
  Neg: negate,
  Mul: (...args) => args.reduce(multiply),
  Div: divide,
  Pow: power,
  Root: (a, n) => power(a!, divide(real(1), n!)),
  Exp: (z) => exp(z!),
  Log: (z, base) => divide(log(z!), log(base!)),
  Abs: (z) => real(Math.hypot(z!.re, z!.im)),
  Arg: (z) => real(Math.atan2(z!.im, z!.re)),
  Percent: (z) => ({ re: z!.re / 100, im: z!.im / 100 }),
  Degree: (z) => z,
  Transpose: (z) => z,
};

const angle =
  (f: (x: number) => number) =>
  (x: number): number =>
    Math.abs(x) > LARGEST_ANGLE ? Number.NaN : f(x);

const realFunctions: Readonly<Record<string, (...args: number[]) => number>> = {
  Sin: angle(Math.sin),
  Cos: angle(Math.cos),
  Tan: angle(Math.tan),
  Csc: angle((x) => 1 / Math.sin(x)),
  Sec: angle((x) => 1 / Math.cos(x)),
  Cot: angle((x) => 1 / Math.tan(x)),
  Arcsin: Math.asin,
  Arccos: Math.acos,
  Arctan: Math.atan,
  Arccot: (x) => (x === 0 ? Math.PI / 2 : Math.atan(1 / x)),
  Arcsec: (x) => Math.acos(1 / x),
  Arccsc: (x) => Math.asin(1 / x),
  Sinh: Math.sinh,
  Cosh: Math.cosh,
  Tanh: Math.tanh,
  Coth: (x) => 1 / Math.tanh(x),
  Arsinh: Math.asinh,
  Arcosh: Math.acosh,
  Artanh: Math.atanh,
  Floor: Math.floor,
  Ceil: Math.ceil,
  Sign: Math.sign,
  Max: Math.max,
  Min: Math.min,
  Mod: (a, b) => a - b * Math.floor(a / b),
  Factorial: (n) =>
    Number.isInteger(n) && n >= 0 && n <= 170
      ? Array.from({ length: n }, (_, i) => i + 1).reduce((a, b) => a * b, 1)
      : Number.NaN,
};
