import { approximate } from '../algebra/approximate.ts';
import type { ExactPoint } from '../algebra/exact.ts';
import { call, type Expr, key, parts, some } from '../algebra/expression.ts';
import { quotientOf } from '../algebra/polynomial.ts';
import { realRoots } from '../algebra/polynomial-roots.ts';
import { toNumber, ZERO } from '../algebra/rational.ts';
import { atDouble, distinct, type RealPoint, simpleFraction } from '../algebra/real-point.ts';
import { boundaries, grid } from './boundaries.ts';
import type { Region } from './regions.ts';
import {
  allHold,
  exactGap,
  holds,
  holdsAt,
  type Link,
  linksOf,
  type OnLine,
  pointAt,
  sides,
} from './relation-truth.ts';

/** Where a relation in one unknown holds. Its marks: where the sides of a link meet, part, or have no value. */
export function regionOf(line: OnLine): Region {
  const given = linksOf(line.relation);
  const found = given.map((link) => algebraicMarks(link, line));
  const links = given.map((link, i) => ({ ...link, isAlgebraic: found[i] !== undefined }));
  return {
    marks: links.flatMap((link, i) => found[i] ?? numericMarks(link, line)),
    isComplete: !found.includes(undefined),
    at: (x, nearby) => holdsAt(links, line, { x, nearby }),
    onGrid: () => {
      const point = pointAt(line, 0);
      return grid.map((x) => {
        point.set(line.name, x);
        return allHold(links.map((link) => clearlyHolds(link, point)));
      });
    },
  };
}

/** Undefined too where the sides are close: the marks decide there. */
function clearlyHolds(link: Link, point: ReadonlyMap<string, number>): boolean | undefined {
  const both = sides(link, point);
  if (both === undefined) return undefined;
  const [left, right] = both;
  const isClose = Math.abs(left - right) <= 1e-9 * Math.max(Math.abs(left), Math.abs(right), 1e-4);
  return isClose ? undefined : holds(link.op, left - right);
}

const gapOf = ({ left, right }: Link): Expr => call('Add', left, call('Neg', right));

/** Every mark, where the gap is a quotient of polynomials. */
const algebraicMarks = (link: Link, { name, values }: OnLine): RealPoint[] | undefined =>
  rootsAndPoles(gapOf(link), name, values);

function rootsAndPoles(expr: Expr, name: string, values: ExactPoint): RealPoint[] | undefined {
  const quotient = quotientOf(expr, name, values);
  const [roots, poles] = [quotient && realRoots(quotient.top), quotient && realRoots(quotient.bottom)];
  return roots && poles && [...roots, ...poles];
}

function numericMarks(link: Link, line: OnLine): RealPoint[] {
  const known = distinct(partMarks(gapOf(link), line));
  const point = pointAt(line, 0);
  const gap = (x: number) => {
    const both = sides(link, point.set(line.name, x));
    return both === undefined ? Number.NaN : both[0] - both[1];
  };
  const found = boundaries(
    gap,
    known.map(({ near }) => near),
  );
  return [...known, ...found.flatMap((x) => recognized(x, link, line))];
}

/** A boundary, and the fraction that it is when the sides meet there exactly. The low point of a parabola is blurred. */
function recognized(near: number, link: Link, { name, values }: OnLine): RealPoint[] {
  const zero = Math.abs(near) < 1e-9 ? ZERO : undefined;
  const exact = [zero, simpleFraction(near), simpleFraction(near, 1e-6)].find(
    (x) => x !== undefined && exactGap(link, new Map(values).set(name, x)) === 0,
  );
  return exact === undefined ? [{ near }] : [{ near: toNumber(exact), exact }];
}

/** Roots of what stands inside |…|, √ and the like, and the numbers that the unknown is compared with. */
function partMarks(expr: Expr, line: OnLine): RealPoint[] {
  if (!some(expr, (part) => key(part) === line.name)) return signed(approximate(expr, pointAt(line, 0))?.re);
  if (key(expr) === line.name) return [];
  return rootsAndPoles(expr, line.name, line.values) ?? parts(expr).flatMap((part) => partMarks(part, line));
}

const signed = (x: number | undefined): RealPoint[] =>
  x === undefined ? [] : [x, -x, 1 / x, -1 / x].filter(Number.isFinite).map(atDouble);
