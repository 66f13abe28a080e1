import { approximate, type Complex, type Point } from '../algebra/approximate.ts';
import { distance, workOut } from '../algebra/compute-engine.ts';
import { type Budget, exactValue } from '../algebra/exact.ts';
import { count, depth, type Expr, key, parts, some, withParts } from '../algebra/expression.ts';
import { equal } from '../algebra/rational.ts';
import { sameResidues } from '../algebra/residues.ts';
import { unknowns } from '../algebra/unknowns.ts';
import { type ExactPoints, exactPoints, inDoubles, realPoints } from './test-points.ts';

/**
 * Are two expressions the same number, or the same function of their unknowns? Identity testing by evaluation:
 * exactly at whole and fractional points where both are rational (Schwartz–Zippel), else in double precision at real points,
 * and what agrees there is confirmed to fifty digits. Every step is bounded; nothing is expanded or searched.
 */

export function equalValues(a: Expr, b: Expr): boolean {
  // The same text is the same answer, even where it has no value: 12:00 read as a ratio.
  if (key(a) === key(b)) return true;
  // x/∞ is no number that could be compared.
  if (some(a, isInfinite) || some(b, isInfinite)) return false;
  const names = unknowns(a, b);
  const points = exactPoints(a, b, names);
  const exact = exactlyEqual(a, b, points);
  if (exact !== undefined) return exact;
  return isHuge(a) || isHuge(b) ? sameResidues(a, b) : numericallyEqual(a, b, { names, more: points.more });
}

/** True where a power, factorial or product of numbers goes beyond doubles: 2025!/2024!. */
const isHuge = (expr: Expr): boolean =>
  some(
    expr,
    (part) =>
      part.kind === 'call' &&
      /^(?:Pow|Factorial|Binomial|Product|Sum)$/.test(part.head) &&
      unknowns(part).length === 0 &&
      approximate(part, nowhere) === undefined,
  );
const nowhere: Point = new Map();

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
function exactlyEqual(a: Expr, b: Expr, { needed, first, more }: ExactPoints): boolean | undefined {
  const budget: Budget = { steps: 40_000 };
  let agreed = 0;
  for (const [at, values] of [...first, ...more].entries()) {
    const [left, right] = [exactValue(a, values, budget), exactValue(b, values, budget)];
    if (left === undefined || right === undefined) {
      // Without unknowns or pieces there is nothing more to learn.
      if (more.length === 0 && first.length === needed) return undefined;
      continue;
    }
    if (!equal(left, right)) return false;
    if (at < first.length) agreed++;
  }
  return agreed >= needed ? true : undefined;
}

/** Doubles agree to about 1e-12; a sum of large terms to less. */
const CLOSE = 1e-9;
const LOST = 1e-12;
/** Digits beyond those that the largest part has before the smallest. */
const DIGITS = 50;
const MOST_DIGITS = 600;
/** Relative to the smallest part: a difference below is what is left of fifty digits. */
const CONFIRMED = 1e-30;
/** What the library's numerical integrals promise. */
const INTEGRATED = 1e-9;

function numericallyEqual(
  a: Expr,
  b: Expr,
  { names, more }: Pick<ExactPoints, 'more'> & { readonly names: readonly string[] },
): boolean {
  const points = realPoints(names);
  let agreed = 0;
  for (const point of points) {
    const [left, right] = [approximate(a, point), approximate(b, point)];
    if (left === undefined || right === undefined) continue;
    if (close(left, right)) agreed++;
    else if (!mayBeEqual(left, right, extent(a, b, point))) return false;
  }
  if (more.some((values) => differAt(a, b, inDoubles(values)))) return false;
  const verdicts = points.slice(0, 2).map((point) => confirmed(a, b, point));
  if (verdicts.includes(false)) return false;
  // Functions that the library does not know are trusted where doubles agree at several points.
  return verdicts.includes(true) || (names.length > 0 && agreed >= 3);
}

/** Undefined where the library has no value. */
function confirmed(a: Expr, b: Expr, values: Point): boolean | undefined {
  if (!affordable(a, values) || !affordable(b, values)) return undefined;
  const { smallest, largest } = extent(a, b, values);
  const digits = DIGITS + Math.ceil(Math.log10(largest / smallest));
  const difference = digits > MOST_DIGITS ? undefined : distance(a, b, { values, digits });
  if (difference === undefined) return undefined;
  const integrated = some(a, isApproximate) || some(b, isApproximate);
  return difference <= (integrated ? INTEGRATED * Math.max(1, largest) : CONFIRMED * smallest);
}

const isApproximate = (expr: Expr) => expr.kind === 'num' && expr.decimal && expr.value.d > 10n ** 12n;

interface Extent {
  readonly smallest: number;
  readonly largest: number;
}

/** The sizes of the largest part of two expressions, and of the smallest that isn't zero; 1 lies between. */
function extent(a: Expr, b: Expr, point: Point): Extent {
  let [smallest, largest] = [1, 1];
  const measure = (expr: Expr): void => {
    const value = approximate(expr, point);
    const size = value && Math.hypot(value.re, value.im);
    if (size !== undefined && size > 0) {
      smallest = Math.min(smallest, size);
      largest = Math.max(largest, size);
    }
    for (const part of parts(expr)) measure(part);
  };
  measure(a);
  measure(b);
  return { smallest, largest };
}

const between = (a: Complex, b: Complex) => Math.hypot(a.re - b.re, a.im - b.im);
const close = (a: Complex, b: Complex) =>
  between(a, b) <= CLOSE * Math.max(Math.hypot(a.re, a.im), Math.hypot(b.re, b.im), 1e-3);
/** Large parts that cancel leave doubles no digits to tell by. */
const mayBeEqual = (a: Complex, b: Complex, { largest }: Extent) => between(a, b) <= LOST * largest;

/** Real values that differ; branches of complex powers are no matter of single points. */
function differAt(a: Expr, b: Expr, point: Point): boolean {
  const [left, right] = [approximate(a, point), approximate(b, point)];
  if (left === undefined || right === undefined || left.im !== 0 || right.im !== 0) return false;
  return !close(left, right) && !mayBeEqual(left, right, extent(a, b, point));
}

/** Fifty digits of a tower of powers could take for ever: each power, factorial and sum must fit a double. */
function affordable(expr: Expr, point: Point): boolean {
  if (expr.kind !== 'call') return expr.kind !== 'text';
  if (!expr.args.every((arg) => affordable(arg, point))) return false;
  return (
    !/^(?:Pow|Exp|Factorial|Binomial|Sinh|Cosh|Root)$/.test(expr.head) ||
    approximate(expr, point) !== undefined
  );
}
