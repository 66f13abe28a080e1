import { approximate } from '../algebra/approximate.ts';
import { exactValue } from '../algebra/exact.ts';
import { type Expr, type Interval, isCall, isUnordered } from '../algebra/expression.ts';
import { order, type RealPoint } from '../algebra/real-point.ts';
import { grid } from './boundaries.ts';
import type { Region } from './regions.ts';

const nowhere = new Map<string, never>();
/** Slack for an imaginary part. */
const REAL = 1e-9;

/** An expression's place on the real line, infinities included. */
export function place(expr: Expr): RealPoint | undefined {
  if (expr.kind === 'sym' && expr.name === 'infinity') return { near: Number.POSITIVE_INFINITY };
  if (isCall(expr, 'Neg') && expr.args[0]!.kind === 'sym' && expr.args[0]!.name === 'infinity')
    return { near: Number.NEGATIVE_INFINITY };
  const [value, exact] = [approximate(expr, nowhere), exactValue(expr, nowhere)];
  if (value === undefined || Math.abs(value.im) > REAL * Math.abs(value.re)) return undefined;
  return exact === undefined ? { near: value.re } : { near: value.re, exact };
}

/** The real numbers of a set; undefined when it is no set of known reals. */
export function setRegion(set: Expr): Region | undefined {
  const marks = landmarks(set);
  return (
    marks && {
      marks,
      isComplete: true,
      at: (x) => contains(set, x),
      onGrid: () => grid.map((near) => contains(set, { near })),
    }
  );
}

/** Where a set of reals begins, ends or has a point. */
function landmarks(set: Expr): RealPoint[] | undefined {
  if (set.kind === 'sym') return set.name === 'Reals' ? [] : undefined;
  if (set.kind === 'interval') return all([place(set.left), place(set.right)]);
  if (set.kind !== 'call') return undefined;
  if (set.head === 'Tuple') return set.args.length === 2 ? all(set.args.map(place)) : undefined;
  if (isUnordered(set)) return all(set.args.map(place));
  if (!/^(?:Union|Intersection|SetMinus)$/.test(set.head)) return undefined;
  const parts = set.args.map(landmarks);
  return parts.every((part) => part !== undefined) ? parts.flat() : undefined;
}

function all(places: readonly (RealPoint | undefined)[]): RealPoint[] | undefined {
  return places.every((x) => x !== undefined) ? [...places] : undefined;
}

function contains(set: Expr, x: RealPoint): boolean {
  if (set.kind === 'sym') return true;
  if (set.kind === 'interval') return inside(x, set);
  if (set.kind !== 'call') return false;
  const { head, args } = set;
  // (a, b) is a pair or an open interval; among sets of reals it is the interval.
  if (head === 'Tuple')
    return inside(x, { left: args[0]!, right: args[1]!, leftOpen: true, rightOpen: true });
  if (isUnordered(set)) return args.some((arg) => order(place(arg)!, x) === 0);
  if (head === 'Union') return args.some((arg) => contains(arg, x));
  if (head === 'Intersection') return args.every((arg) => contains(arg, x));
  return contains(args[0]!, x) && !contains(args[1]!, x);
}

function inside(x: RealPoint, { left, right, leftOpen, rightOpen }: Omit<Interval, 'kind'>): boolean {
  const [fromLeft, fromRight] = [order(x, place(left)!), order(place(right)!, x)];
  return (leftOpen ? fromLeft > 0 : fromLeft >= 0) && (rightOpen ? fromRight > 0 : fromRight >= 0);
}
