import { ComputeEngine, type MathJsonExpression } from '@cortex-js/compute-engine';
import { type Call, call, type Expr, num, sym } from './expression.ts';
import { fromDecimal, rational } from './rational.ts';

/**
 * The one file that knows the computer-algebra library (@cortex-js/compute-engine): calculus, and values to many
 * digits. Its own equality is not used: measured, it leaves (x−y)(x+y) = x²−y² open and spends 20 s on 9^9^9^9.
 */

const DIGITS = 50;
let shared: ComputeEngine | undefined;

function engine(): ComputeEngine {
  if (shared === undefined) {
    shared = new ComputeEngine();
    shared.precision = DIGITS;
  }
  return shared;
}

/** Loads the library and runs it once, so that the first check does not pay for it. */
export function warmAlgebra(): void {
  engine().box(['Sqrt', 2]).N();
}

const heads: Readonly<Record<string, string>> = {
  Add: 'Add',
  Neg: 'Negate',
  Mul: 'Multiply',
  Div: 'Divide',
  Pow: 'Power',
  Root: 'Root',
  Exp: 'Exp',
  Abs: 'Abs',
  Arg: 'Argument',
  Sin: 'Sin',
  Cos: 'Cos',
  Tan: 'Tan',
  Csc: 'Csc',
  Sec: 'Sec',
  Cot: 'Cot',
  Arcsin: 'Arcsin',
  Arccos: 'Arccos',
  Arctan: 'Arctan',
  Arccsc: 'Arccsc',
  Arcsec: 'Arcsec',
  Arccot: 'Arccot',
  Sinh: 'Sinh',
  Cosh: 'Cosh',
  Tanh: 'Tanh',
  Coth: 'Coth',
  Arsinh: 'Arsinh',
  Arcosh: 'Arcosh',
  Artanh: 'Artanh',
  Floor: 'Floor',
  Ceil: 'Ceil',
  Sign: 'Sign',
  Max: 'Max',
  Min: 'Min',
  Mod: 'Mod',
  Factorial: 'Factorial',
  Binomial: 'Binomial',
  Gcd: 'GCD',
  Lcm: 'LCM',
  Det: 'Determinant',
};
const names: Readonly<Record<string, string>> = {
  pi: 'Pi',
  e: 'ExponentialE',
  i: 'ImaginaryUnit',
  infinity: 'PositiveInfinity',
};

/** MathJSON of an expression; undefined for what the library has no counterpart of. */
function toMathJson(expr: Expr, values: ReadonlyMap<string, number>): MathJsonExpression | undefined {
  if (expr.kind === 'num') return ['Rational', { num: String(expr.value.n) }, { num: String(expr.value.d) }];
  if (expr.kind === 'sym') return values.get(expr.name) ?? names[expr.name] ?? variable(expr.name);
  if (expr.kind !== 'call') return undefined;
  const args = expr.args.map((arg) => toMathJson(arg, values));
  if (!args.every((arg) => arg !== undefined)) return undefined;
  if (expr.head === 'Percent') return ['Divide', args[0]!, 100];
  if (expr.head === 'Degree' || expr.head === 'Transpose') return args[0]!;
  if (expr.head === 'Log') return ['Divide', ['Ln', args[0]!], ['Ln', args[1]!]];
  const head = heads[expr.head];
  return head === undefined ? undefined : [head, ...args];
}

/** Subscripts and Greek letters, spelt as identifiers that the library takes for plain variables. */
const variable = (name: string) =>
  `v_${[...name].map((c) => (/[a-zA-Z0-9]/.test(c) ? c : `u${c.charCodeAt(0)}`)).join('')}`;

/** |a − b| worked out to so many digits with the unknowns replaced by numbers; undefined when there is no number. */
export function distance(
  a: Expr,
  b: Expr,
  { values, digits }: { values: ReadonlyMap<string, number>; digits: number },
): number | undefined {
  const [left, right] = [toMathJson(a, values), toMathJson(b, values)];
  if (left === undefined || right === undefined) return undefined;
  const library = engine();
  library.precision = digits;
  try {
    const { re, im } = library.box(['Subtract', left, right]).N();
    const size = Math.hypot(re, im);
    return Number.isFinite(size) ? size : undefined;
  } finally {
    library.precision = DIGITS;
  }
}

/**
 * Works out derivatives, integrals, limits and infinite sums.
 * @returns undefined when the library leaves the operator standing.
 */
export function workOut(expr: Call): Expr | undefined {
  const [body, name, from, to] = expr.args;
  if (name?.kind !== 'sym') return undefined;
  const none = new Map<string, number>();
  const inner = toMathJson(body!, none);
  const bounds = [from, to].map((bound) => (bound === undefined ? undefined : toMathJson(bound, none)));
  if (inner === undefined) return undefined;
  const x = variable(name.name);
  const json: MathJsonExpression | undefined =
    expr.head === 'Derivative'
      ? ['D', inner, x]
      : expr.head === 'Limit'
        ? bounds[0] && ['Limit', ['Function', inner, x], bounds[0]]
        : expr.head === 'Integral'
          ? [
              'Integrate',
              inner,
              bounds[0] === undefined || bounds[1] === undefined ? x : ['Limits', x, bounds[0], bounds[1]],
            ]
          : undefined;
  if (json === undefined) return undefined;
  const result = engine().box(json).evaluate();
  return fromMathJson(result.json) ?? fromMathJson(result.N().json);
}

const headsBack = new Map(Object.entries(heads).map(([ours, theirs]) => [theirs, ours]));
const namesBack = new Map(Object.entries(names).map(([ours, theirs]) => [theirs, ours]));

function fromMathJson(json: MathJsonExpression): Expr | undefined {
  if (typeof json === 'number') return Number.isFinite(json) ? fromNumber(String(json)) : undefined;
  if (typeof json === 'string') return sym(namesBack.get(json) ?? originalName(json));
  if (Array.isArray(json)) return fromCall(json as readonly [string, ...MathJsonExpression[]]);
  return 'num' in json ? fromNumber(String(json.num)) : undefined;
}

function originalName(identifier: string): string {
  return identifier.replace(/^v_/, '').replace(/u(\d+)/g, (_, code) => String.fromCharCode(Number(code)));
}

function fromNumber(text: string): Expr | undefined {
  const match = /^(-?\d*\.?\d*)(?:e([+-]?\d+))?$/.exec(text);
  if (match === null || Math.abs(Number(match[2] ?? 0)) > 400) return undefined;
  const mantissa = fromDecimal(match[1]!);
  const exponent = Number(match[2] ?? 0);
  const scale = 10n ** BigInt(Math.abs(exponent));
  const value =
    exponent < 0 ? rational(mantissa.n, mantissa.d * scale) : rational(mantissa.n * scale, mantissa.d);
  return value === undefined ? undefined : num(value, text.includes('.') || exponent < 0);
}

function fromCall([head, ...args]: readonly [string, ...MathJsonExpression[]]): Expr | undefined {
  // A number with its error bar: the number.
  if (head === 'Measurement') return fromMathJson(args[0]!);
  const inner = args.map(fromMathJson);
  if (!inner.every((arg) => arg !== undefined)) return undefined;
  if (head === 'Rational') return call('Div', inner[0]!, inner[1]!);
  if (head === 'Sqrt') return call('Root', inner[0]!, num(2));
  if (head === 'Square') return call('Pow', inner[0]!, num(2));
  if (head === 'Subtract') return call('Add', inner[0]!, call('Neg', inner[1]!));
  if (head === 'Ln' || head === 'Log')
    return call('Log', inner[0]!, inner[1] ?? (head === 'Ln' ? sym('e') : num(10)));
  const ours = headsBack.get(head);
  return ours === undefined ? undefined : call(ours, ...inner);
}
