import { approximate, type Complex, type Point } from '../algebra/approximate.ts';
import { type ExactPoint, exactValue } from '../algebra/exact.ts';
import { type Expr, isCall, type Relation, type RelationOp, some } from '../algebra/expression.ts';
import { compare, toNumber } from '../algebra/rational.ts';
import type { RealPoint } from '../algebra/real-point.ts';

/** A relation in the unknown `name`; other unknowns have values. */
export interface OnLine {
  readonly relation: Relation;
  readonly name: string;
  readonly values: ExactPoint;
}

/** One step of a chain of relations. */
export interface Link {
  readonly left: Expr;
  readonly op: RelationOp;
  readonly right: Expr;
  /** Both sides are quotients of polynomials: at a fraction where they have no exact value they have none. */
  readonly isAlgebraic?: boolean;
}

export const linksOf = ({ args, ops }: Relation): Link[] =>
  ops.map((op, i) => ({ left: args[i]!, op, right: args[i + 1]! }));

export function holds(op: RelationOp, difference: number): boolean {
  switch (op) {
    case '=':
      return difference === 0;
    case '≠':
      return difference !== 0;
    case '<':
      return difference < 0;
    case '≤':
      return difference <= 0;
    case '>':
      return difference > 0;
    case '≥':
      return difference >= 0;
    default:
      return false;
  }
}

/** Of a chain: false when one link is, undefined when that can't be said. */
export const allHold = (links: readonly (boolean | undefined)[]): boolean | undefined =>
  links.includes(false) ? false : links.includes(undefined) ? undefined : true;

/**
 * Does the relation hold at x? Exactly where x and both sides are fractions; else in double precision. Undefined where
 * doubles can't tell.
 * @param nearby for a boundary x, points left and right of it: beside the gap there, one of rounding's size is none.
 */
export function holdsAt(
  links: readonly Link[],
  line: OnLine,
  { x, nearby = [] }: { x: RealPoint; nearby?: readonly RealPoint[] | undefined },
): boolean | undefined {
  const exact = x.exact && new Map(line.values).set(line.name, x.exact);
  const here = pointAt(line, x.near);
  const around = nearby.map(({ near }) => pointAt(line, near));
  return allHold(
    links.map((link) => {
      const difference = exact && exactGap(link, exact);
      if (difference !== undefined) return holds(link.op, difference);
      return exact !== undefined && link.isAlgebraic ? false : nearlyHolds(link, here, around);
    }),
  );
}

export const pointAt = ({ name, values }: OnLine, x: number): Map<string, number> =>
  new Map([...values].map(([key, value]) => [key, toNumber(value)])).set(name, x);

/** The sign of left − right. */
export function exactGap({ left, right }: Link, point: ExactPoint): number | undefined {
  const [a, b] = [exactValue(left, point), exactValue(right, point)];
  return a === undefined || b === undefined ? undefined : compare(a, b);
}

/** Both sides, where they are real. */
export function sides({ left, right }: Link, point: Point): readonly [number, number] | undefined {
  const [a, b] = [approximate(left, point), approximate(right, point)];
  return a === undefined || b === undefined || !isReal(a) || !isReal(b) ? undefined : [a.re, b.re];
}

/** What sums lose to rounding, relative to their terms. */
const ROUNDING = 1e-12;
/** A boundary's double is off by rounding, so that the gap there is tiny and seldom zero. */
const TOUCHING = 1e-7;
const isReal = ({ re, im }: Complex) => Math.abs(im) <= 1e-9 * Math.max(Math.abs(re), 1e-5);

function nearlyHolds(link: Link, here: Point, around: readonly Point[]): boolean | undefined {
  const isBeyond = () => [link.left, link.right].some((side) => isBeyondDoubles(side, here));
  const gap = (point: Point) => {
    const both = sides(link, point);
    return both && both[0] - both[1];
  };
  const difference = gap(here);
  if (difference === undefined) return isBeyond() ? undefined : false;
  const gaps = around.map(gap).filter((g) => g !== undefined);
  const least = gaps.length === 0 ? 0 : Math.min(...gaps.map(Math.abs));
  const touches = Math.abs(difference) <= Math.max(ROUNDING * termSize(link, here), TOUCHING * least);
  if (!touches) return holds(link.op, difference);
  return isBeyond() ? undefined : holds(link.op, 0);
}

/** The size of the terms of both sides. */
function termSize({ left, right }: Link, point: Point): number {
  const terms = [left, right].flatMap((side) => (isCall(side, 'Add') ? side.args : [side]));
  return terms.reduce((sum, term) => sum + Math.abs(approximate(term, point)?.re ?? 0), 0);
}

/** True where a part of the expression is too large for a double, or too small. */
function isBeyondDoubles(expr: Expr, point: Point): boolean {
  return some(expr, (part) => {
    if (part.kind !== 'call' || !growing.test(part.head)) return false;
    const args = part.args.map((arg) => approximate(arg, point));
    if (!args.every((arg) => arg !== undefined)) return false;
    const value = approximate(part, point);
    const ofZero = part.head === 'Pow' && args[0]!.re === 0 && args[0]!.im === 0;
    const vanished = /^(?:Pow|Exp)$/.test(part.head) && value?.re === 0 && value.im === 0;
    return !ofZero && (value === undefined || vanished);
  });
}
const growing = /^(?:Add|Mul|Pow|Exp|Sinh|Cosh|Factorial|Sin|Cos|Tan)$/;
