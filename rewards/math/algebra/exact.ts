import { type Call, type Expr, key } from './expression.ts';
import {
  add,
  compare,
  cost,
  floor,
  gcd,
  integer,
  invert,
  isInteger,
  multiply,
  negate,
  ONE,
  power,
  type Rational,
  rational,
  ZERO,
} from './rational.ts';

/** Values of the unknowns, by `key` of a symbol, word or applied function. */
export type ExactPoint = ReadonlyMap<string, Rational>;

/** Work left: every node visited takes one, so that a sum of a million terms ends. */
export interface Budget {
  steps: number;
}

const HUNDREDTH = rational(1n, 100n)!;

/**
 * The exact value of an expression, or undefined where it isn't rational, isn't defined, or would be absurdly large.
 * Zero times anything is zero, whatever the rest would cost.
 */
export function exactValue(
  expr: Expr,
  point: ExactPoint,
  budget: Budget = { steps: 20_000 },
): Rational | undefined {
  if (budget.steps-- <= 0) return undefined;
  switch (expr.kind) {
    case 'num':
      return expr.base === undefined ? expr.value : inBase(expr.value, expr.base);
    case 'sym':
    case 'text':
      return point.get(key(expr));
    case 'call':
      return exactCall(expr, point, budget);
    default:
      return undefined;
  }
}

/** 101 in base 2 is 5; a digit the base does not have makes it no number. */
function inBase(digits: Rational, base: number): Rational | undefined {
  if (!isInteger(digits)) return undefined;
  let value = 0n;
  for (const digit of String(digits.n < 0n ? -digits.n : digits.n)) {
    if (Number(digit) >= base) return undefined;
    value = value * BigInt(base) + BigInt(digit);
  }
  return integer(digits.n < 0n ? -value : value);
}

function exactCall(expr: Call, point: ExactPoint, budget: Budget): Rational | undefined {
  const { head, args } = expr;
  if (head === 'Apply' || head === 'Prime') return point.get(key(expr));
  if (head === 'Sum' || head === 'Product') return exactSum(expr, point, budget);
  if (head === 'Mul') return exactProduct(args, point, budget);
  const compute = operations[head];
  if (compute === undefined) return undefined;
  const values: Rational[] = [];
  for (const arg of args) {
    const value = exactValue(arg, point, budget);
    if (value === undefined) return undefined;
    values.push(value);
  }
  return compute(values);
}

type Operation = (args: readonly Rational[]) => Rational | undefined;

const fold =
  (combine: (a: Rational, b: Rational) => Rational | undefined): Operation =>
  ([first, ...rest]) =>
    rest.reduce<Rational | undefined>((sum, x) => sum && combine(sum, x), first);
const integers =
  (compute: (...args: readonly bigint[]) => bigint | undefined): Operation =>
  (args) => {
    const result = args.every(isInteger) ? compute(...args.map((x) => x.n)) : undefined;
    return result === undefined ? undefined : integer(result);
  };

const operations: Readonly<Record<string, Operation>> = {
  Add: fold(add),
  Neg: ([x]) => negate(x!),
  Div: ([a, b]) => {
    const inverse = invert(b!);
    return inverse && multiply(a!, inverse);
  },
  Pow: ([a, b]) => power(a!, b!),
  Root: ([a, n]) => {
    const exponent = invert(n!);
    return exponent && power(a!, exponent);
  },
  Percent: ([x]) => multiply(x!, HUNDREDTH),
  Degree: ([x]) => x,
  Transpose: ([x]) => x,
  Abs: ([x]) => (x!.n < 0n ? negate(x!) : x),
  Sign: ([x]) => integer(x!.n === 0n ? 0 : x!.n < 0n ? -1 : 1),
  Floor: ([x]) => integer(floor(x!)),
  Ceil: ([x]) => integer(-floor(negate(x!))),
  Max: fold((a, b) => (compare(a, b) < 0 ? b : a)),
  Min: fold((a, b) => (compare(a, b) > 0 ? b : a)),
  Mod: ([a, b]) => {
    const inverse = invert(b!);
    const quotient = inverse && multiply(a!, inverse);
    const whole = quotient && multiply(integer(floor(quotient)), b!);
    return whole && add(a!, negate(whole));
  },
  Gcd: fold((a, b) => integers((x, y) => gcd(x!, y!))([a, b])),
  Lcm: fold((a, b) => integers((x, y) => (x === 0n || y === 0n ? 0n : (x! * y!) / gcd(x!, y!)))([a, b])),
  Factorial: integers((n) => factorial(n!)),
  Binomial: integers((n, k) => binomial(n!, k!)),
};

function factorial(n: bigint): bigint | undefined {
  if (n < 0n || n > 2000n) return undefined;
  let { n: i, value } = n < latest.n ? { n: 0n, value: 1n } : latest;
  while (i < n) value *= ++i;
  latest = { n, value };
  return value;
}

/** The last factorial worked out: a sum's next one starts there. */
let latest: { readonly n: bigint; readonly value: bigint } = { n: 0n, value: 1n };

function binomial(n: bigint, k: bigint): bigint | undefined {
  if (k < 0n || (n >= 0n && k > n)) return 0n;
  if (k > 1000n) return undefined;
  let product = 1n;
  for (let i = 0n; i < k; i++) product = (product * (n - i)) / (i + 1n);
  return product;
}

function exactProduct(args: readonly Expr[], point: ExactPoint, budget: Budget): Rational | undefined {
  const values = args.map((arg) => exactValue(arg, point, budget));
  if (values.some((value) => value?.n === 0n)) return ZERO;
  return values.reduce<Rational | undefined>(
    (product, value) => product && value && multiply(product, value),
    ONE,
  );
}

/** Steps that a sum without a value costs: it is rarely worth another try elsewhere. */
const FAILED = 10_000;

function exactSum({ head, args }: Call, point: ExactPoint, budget: Budget): Rational | undefined {
  const [body, variable, from, to] = args;
  const [first, last] = [exactValue(from!, point, budget), exactValue(to!, point, budget)];
  if (first === undefined || last === undefined || !isInteger(first) || !isInteger(last)) return undefined;
  // A sum may be empty; beyond that, conventions differ.
  if (last.n < first.n - 1n) return undefined;
  let total: Rational | undefined = head === 'Sum' ? ZERO : ONE;
  const inner = new Map(point);
  for (let k = first.n; k <= last.n && total !== undefined; k++) {
    inner.set(key(variable!), integer(k));
    const term = exactValue(body!, inner, budget);
    total = term && (head === 'Sum' ? add(total, term) : multiply(total, term));
    budget.steps -= total === undefined ? FAILED : cost(total);
  }
  return total;
}
