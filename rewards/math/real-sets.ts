import { approximate } from './approximate.ts';
import { type Expr, isCall, isUnordered } from './expression.ts';

const nowhere: ReadonlyMap<string, number> = new Map();
const NEAR = 1e-8;

/** An expression's place on the real line, infinities included. */
export function place(expr: Expr): number | undefined {
  if (expr.kind === 'sym' && expr.name === 'infinity') return Number.POSITIVE_INFINITY;
  if (isCall(expr, 'Neg') && expr.args[0]!.kind === 'sym' && expr.args[0]!.name === 'infinity')
    return Number.NEGATIVE_INFINITY;
  const value = approximate(expr, nowhere);
  return value === undefined || Math.abs(value.im) > NEAR ? undefined : value.re;
}

/** The numbers at which a set of reals begins, ends or has a point; undefined when it is no set of known reals. */
export function landmarks(set: Expr): number[] | undefined {
  if (set.kind === 'sym') return set.name === 'Reals' ? [] : undefined;
  if (set.kind === 'interval') return all([place(set.left), place(set.right)]);
  if (set.kind !== 'call') return undefined;
  if (set.head === 'Tuple') return set.args.length === 2 ? all(set.args.map(place)) : undefined;
  if (isUnordered(set)) return all(set.args.map(place));
  if (!/^(?:Union|Intersection|SetMinus)$/.test(set.head)) return undefined;
  const parts = set.args.map(landmarks);
  return parts.every((part) => part !== undefined) ? parts.flat() : undefined;
}

function all(places: readonly (number | undefined)[]): number[] | undefined {
  return places.every((x) => x !== undefined) ? [...places] : undefined;
}

/** Is x in the set? Points within rounding of a boundary are on it. */
export function contains(set: Expr, x: number): boolean {
  if (set.kind === 'sym') return true;
  if (set.kind === 'interval')
    return inside(x, { from: set.left, to: set.right, leftOpen: set.leftOpen, rightOpen: set.rightOpen });
  if (set.kind !== 'call') return false;
  const { head, args } = set;
  // (a, b) is a pair or an open interval; among sets of reals it is the interval.
  if (head === 'Tuple') return inside(x, { from: args[0]!, to: args[1]!, leftOpen: true, rightOpen: true });
  if (isUnordered(set)) return args.some((arg) => near(place(arg)!, x));
  if (head === 'Union') return args.some((arg) => contains(arg, x));
  if (head === 'Intersection') return args.every((arg) => contains(arg, x));
  return contains(args[0]!, x) && !contains(args[1]!, x);
}

function inside(
  x: number,
  { from, to, leftOpen, rightOpen }: { from: Expr; to: Expr; leftOpen: boolean; rightOpen: boolean },
): boolean {
  const [low, high] = [place(from)!, place(to)!];
  if (near(low, x)) return !leftOpen && x - NEAR <= high;
  if (near(high, x)) return !rightOpen && x + NEAR >= low;
  return x > low && x < high;
}

const near = (a: number, b: number) =>
  Number.isFinite(a) && Math.abs(a - b) <= NEAR * Math.max(1, Math.abs(a));
