import { exactValue } from '../algebra/exact.ts';
import { type Expr, isCall, parts, some } from '../algebra/expression.ts';
import {
  add,
  compare,
  floor,
  integer,
  middleOf,
  multiply,
  negate,
  type Rational,
  rational,
  toNumber,
} from '../algebra/rational.ts';
import { unknowns } from '../algebra/unknowns.ts';

/** Values of the unknowns at which two expressions are compared. */

type Values<T> = ReadonlyMap<string, T>;

export interface ExactPoints {
  /** At so many of the first points both must have a value before they count as equal. */
  readonly needed: number;
  readonly first: readonly Values<Rational>[];
  /** Where functions that are pieced together, or told by divisibility, differ from what they are on most of the line. */
  readonly more: readonly Values<Rational>[];
}

/** Large primes: no identity of an answer's size holds at all of them by chance. */
const primes = [1009, 2003, 3001, 4001, 5003, 6007, 7001, 8009, 9001, 10007, 11003, 12007];
/** Small numbers, even and odd, with and without common factors. */
const small = [2, 3, 4, 6, 9, 5, 8, 12, 7, 30, 10, 1, 15, 14, 11, 16, 21, 24, 77, 60];
const fractions = (
  [
    [1, 2],
    [7, 3],
    [5, 4],
    [-8, 3],
    [-1, 5],
    [27, 2],
  ] as const
).map(([n, d]) => rational(BigInt(n), BigInt(d))!);
const fraction = (i: number, point: number) => fractions[(i + point) % fractions.length]!;
/** Steps between the numbers of a point where a sum's bounds or a factorial stand. */
const steps = [1, 2, 4, 1, 3, 2, 5, 2];
const starts = [3, 5, 4, 2, 6, 3, 7, 8, 9, 10, 13, 12];
const MOST_COUNTED = 600n;

const counting = /^(?:Sum|Product|Factorial|Binomial)$/;
const ofPositives = /^(?:Gcd|Lcm)$/;
const pieced = /^(?:Floor|Ceil|Mod|Abs|Sign|Max|Min|Root)$/;
const has = (expr: Expr, heads: RegExp) =>
  some(expr, (part) => part.kind === 'call' && heads.test(part.head));
const isPower = (part: Expr) => isCall(part, 'Pow') && unknowns(part.args[1]!).length > 0;

export function exactPoints(a: Expr, b: Expr, names: readonly string[]): ExactPoints {
  if (names.length === 0) return { needed: 1, first: [new Map()], more: [] };
  const either = (heads: RegExp) => has(a, heads) || has(b, heads);
  const filled = (count: number, value: (i: number, point: number) => Rational) =>
    Array.from({ length: count }, (_, point) => new Map(names.map((name, i) => [name, value(i, point)])));
  if (either(counting)) {
    const beyond = [...constants(a), ...constants(b)].filter(
      ({ n, d }) => n > 10n * d && n < MOST_COUNTED * d,
    );
    const from = [...starts, ...beyond.flatMap((x) => [1, 2, 3].map((more) => Number(floor(x)) + more))];
    const count = (i: number, point: number) =>
      integer(counted(names.length, i, { from: from[point]!, point }));
    return {
      needed: 3,
      first: filled(from.length, count),
      more: filled(fractions.length, (i, point) =>
        isWhole(names[i]!) ? count(i, point) : fraction(i, point),
      ),
    };
  }
  const first = filled(3, (i, point) => integer(large(i, point)));
  const arithmetic = either(ofPositives);
  if (!arithmetic && !either(pieced) && !some(a, isPower) && !some(b, isPower))
    return { needed: 3, first, more: [] };
  const edges = thresholds(a, b).filter(({ n }) => !arithmetic || n > 0n);
  return {
    needed: 3,
    first,
    more: [
      ...filled(small.length, (i, point) => integer(arithmetic ? tiny(i, point) : signed(i, point))),
      ...filled(edges.length, (i, point) => suited(names[i]!, edges[(point + 3 * i) % edges.length]!)),
      ...filled(fractions.length, (i, point) =>
        isWhole(names[i]!) ? integer(signed(i, point)) : fraction(i, point),
      ),
    ],
  };
}

/** n, k, m count things. */
const isWhole = (name: string) => /^[j-nK-N](?:_|$)/.test(name);
const suited = (name: string, x: Rational) => (isWhole(name) ? integer(floor(x)) : x);

/** No two unknowns of a point share a value. All are positive at the first point, some negative at the others. */
function large(i: number, point: number): number {
  const at = i * 3 + point;
  const size = primes[at % primes.length]! + Math.floor(at / primes.length) * 13;
  return point === 2 || (point === 1 && i % 2 === 0) ? -size : size;
}

const tiny = (i: number, point: number) =>
  small[(point + 7 * i) % small.length]! + Math.floor(i / small.length);
const signed = (i: number, point: number) => ((point + i) % 3 === 1 ? -1 : 1) * tiny(i, point);

/** The unknowns in rising order, and at every other point in falling order: \binom{n}{k} tells itself from 0 at one. */
function counted(names: number, i: number, { from, point }: { from: number; point: number }): number {
  const rank = point % 2 === 0 ? i : names - 1 - i;
  let value = from;
  for (let step = 0; step < rank; step++) value += steps[(point + step) % steps.length]!;
  return value;
}

const MOST_THRESHOLDS = 8;
const TWO = integer(2);

/** Numbers on either side of the constants in the expressions, between them, and beyond them all. */
function thresholds(a: Expr, b: Expr): Rational[] {
  const sizes = [...constants(a), ...constants(b)]
    .map((x) => (x.n < 0n ? negate(x) : x))
    .sort(compare)
    .filter((x, i, all) => i === 0 || compare(x, all[i - 1]!) !== 0)
    .slice(0, MOST_THRESHOLDS);
  const product = sizes.reduce<Rational | undefined>(
    (size, x) => size && multiply(size, x.n < x.d ? rational(x.d, x.n || 1n)! : x),
    TWO,
  );
  const between = sizes.slice(1).map((x, i) => middleOf(x, sizes[i]!)!);
  const around = [...sizes, ...(product === undefined ? [] : [product])].flatMap((x) => {
    const whole = integer(floor(x));
    return [whole, add(whole, integer(1))!, add(whole, integer(-1))!, multiply(whole, TWO)!];
  });
  const found = [...around, ...between].filter(({ n }) => n !== 0n);
  return [...found, ...found.map(negate)];
}

/** The values of the largest parts without unknowns. */
function constants(expr: Expr): Rational[] {
  if (unknowns(expr).length > 0) return parts(expr).flatMap(constants);
  const value = exactValue(expr, new Map());
  return value === undefined ? [] : [value];
}

/** Real points of either sign and near one; the unknowns of one point differ. */
const reals = [
  [0.7318, 1.4147, 2.2367, 0.3979, 1.8091, 0.5413],
  [2.6451, 0.8171, 1.3219, 3.1623, 0.2391, 1.1331],
  [-0.6937, 1.7329, -1.2599, 0.4812, -2.0801, 0.9163],
  [-1.6487, -0.5671, 0.8346, -2.2954, 1.2021, -0.3028],
] as const;

export function realPoints(names: readonly string[]): Values<number>[] {
  return (names.length === 0 ? [reals[0]] : reals).map(
    (row) =>
      new Map(names.map((name, i) => [name, row[i % row.length]! + Math.floor(i / row.length) * 0.173])),
  );
}

/** An exact point for expressions without exact values. */
export const inDoubles = (values: Values<Rational>): Values<number> =>
  new Map([...values].map(([name, x]) => [name, toNumber(x)]));
