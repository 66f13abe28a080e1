import { relativeDifference, workOut } from './algebra.ts';
import { approximate, type Complex } from './approximate.ts';
import { type Budget, exactValue } from './exact.ts';
import { count, depth, type Expr, key, parts, some, withParts } from './expression.ts';
import { equal, integer, type Rational } from './rational.ts';
import { unknowns } from './unknowns.ts';

/**
 * Are two expressions the same number, or the same function of their unknowns? Identity testing by evaluation:
 * exactly at integer points where both are rational (Schwartz–Zippel), else in double precision at real points, and
 * what agrees there is confirmed to 30 digits. Every step is bounded; nothing is expanded or searched.
 */

/** Large primes: no identity of an answer's size holds at all of them by chance. */
const primes = [1009, 2003, 3001, 4001, 5003, 6007, 7001, 8009, 9001, 10007, 11003, 12007];
/** Small numbers where a sum's bounds or a factorial stand. */
const small = [3, 5, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14];
const counts = new Set(['Sum', 'Product', 'Factorial', 'Binomial']);
/** Real points of either sign and near one; the unknowns of one point differ. */
const reals = [
  [0.7318, 1.4147, 2.2367, 0.3979, 1.8091, 0.5413],
  [2.6451, 0.8171, 1.3219, 3.1623, 0.2391, 1.1331],
  [-0.6937, 1.7329, -1.2599, 0.4812, -2.0801, 0.9163],
  [-1.6487, -0.5671, 0.8346, -2.2954, 1.2021, -0.3028],
] as const;

export function equalValues(a: Expr, b: Expr): boolean {
  // The same text is the same answer, even where it has no value: 12:00 read as a ratio.
  if (key(a) === key(b)) return true;
  // x/∞ is no number that could be compared.
  if (some(a, isInfinite) || some(b, isInfinite)) return false;
  const names = unknowns(a, b);
  return exactlyEqual(a, b, names) ?? numericallyEqual(a, b, names);
}

/** Derivatives, integrals and limits replaced by what they come to; the library is slow on large ones, which stay. */
export function workedOut(expr: Expr): Expr {
  const found = count(expr, isCalculus);
  return found === 0 || found > MOST_CALCULUS ? expr : withoutCalculus(expr);
}
const MOST_CALCULUS = 6;
const LARGEST_BODY = 60;
const DEEPEST_BODY = 10;

function withoutCalculus(expr: Expr): Expr {
  const inner = withParts(expr, parts(expr).map(withoutCalculus));
  if (inner.kind !== 'call' || !isCalculus(inner)) return inner;
  const body = inner.args[0]!;
  const isSmall = depth(body) <= DEEPEST_BODY && count(body, () => true) <= LARGEST_BODY;
  return (isSmall ? workOut(inner) : undefined) ?? inner;
}
const isInfinite = (expr: Expr) => expr.kind === 'sym' && expr.name === 'infinity';
const isCalculus = (expr: Expr) => expr.kind === 'call' && /^(?:Derivative|Integral|Limit)$/.test(expr.head);

/** Undefined where either side has no exact value. */
function exactlyEqual(a: Expr, b: Expr, names: readonly string[]): boolean | undefined {
  const counting = some(a, isCounting) || some(b, isCounting);
  const budget: Budget = { steps: 40_000 };
  for (let point = 0; point < (names.length === 0 ? 1 : 3); point++) {
    const values = new Map(
      names.map((name, i): [string, Rational] => [name, integer(coordinate(i, point, counting))]),
    );
    const [left, right] = [exactValue(a, values, budget), exactValue(b, values, budget)];
    if (left === undefined || right === undefined) return undefined;
    if (!equal(left, right)) return false;
  }
  return true;
}
const isCounting = (expr: Expr) => expr.kind === 'call' && counts.has(expr.head);

/** No two unknowns of a point share a value. All are positive at the first point, some negative at the others. */
function coordinate(i: number, point: number, counting: boolean): number {
  const list = counting ? small : primes;
  const at = i * 3 + point;
  const size = list[at % list.length]! + Math.floor(at / list.length) * 13;
  return !counting && (point === 2 || (point === 1 && i % 2 === 0)) ? -size : size;
}

/** Doubles agree to about 1e-12; a sum of large terms to less. */
const CLOSE = 1e-9;
const CONFIRMED = 1e-30;
/** What the library's numerical integrals promise. */
const INTEGRATED = 1e-9;

function numericallyEqual(a: Expr, b: Expr, names: readonly string[]): boolean {
  const points = (names.length === 0 ? [reals[0]] : reals).map(
    (row) =>
      new Map(names.map((name, i) => [name, row[i % row.length]! + Math.floor(i / row.length) * 0.173])),
  );
  let agreed = 0;
  for (const point of points) {
    const [left, right] = [approximate(a, point), approximate(b, point)];
    if (left !== undefined && right !== undefined) {
      if (!close(left, right)) return false;
      agreed++;
    }
  }
  const tolerance = some(a, isApproximate) || some(b, isApproximate) ? INTEGRATED : CONFIRMED;
  let confirmed = 0;
  for (const point of points.slice(0, 2)) {
    if (!affordable(a, point) || !affordable(b, point)) continue;
    const difference = relativeDifference(a, b, point);
    if (difference === undefined) continue;
    if (difference > tolerance) return false;
    confirmed++;
  }
  // Functions that the library does not know are trusted where doubles agree at several points.
  return confirmed > 0 || (names.length > 0 && agreed >= 3);
}

const isApproximate = (expr: Expr) => expr.kind === 'num' && expr.decimal && expr.value.d > 10n ** 12n;

function close(a: Complex, b: Complex): boolean {
  const size = Math.max(1e-300, Math.hypot(a.re, a.im), Math.hypot(b.re, b.im));
  return Math.hypot(a.re - b.re, a.im - b.im) <= CLOSE * Math.max(size, 1e-3);
}

/** Fifty digits of a tower of powers could take for ever: each power, factorial and sum must fit a double. */
function affordable(expr: Expr, point: ReadonlyMap<string, number>): boolean {
  if (expr.kind !== 'call') return expr.kind !== 'text';
  if (!expr.args.every((arg) => affordable(arg, point))) return false;
  return (
    !/^(?:Pow|Exp|Factorial|Binomial|Sinh|Cosh|Root)$/.test(expr.head) ||
    approximate(expr, point) !== undefined
  );
}
