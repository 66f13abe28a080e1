import { call, type Expr, type Interval, isCall, isUnordered, key } from '../algebra/expression.ts';
import { order } from '../algebra/real-point.ts';
import { place, setRegion } from './real-sets.ts';
import { compareRegions } from './regions.ts';

type Same = (x: Expr, y: Expr) => boolean;

const setNames = new Set(['Naturals', 'Integers', 'Rationals', 'Reals', 'Complexes', 'Primes']);
const operations = /^(?:Set|Signs|Tuple|Union|Intersection|SetMinus)$/;

/** True for sets, tuples, intervals and what is built of them. */
export function isSetLike(expr: Expr): boolean {
  if (expr.kind === 'sym') return setNames.has(expr.name);
  return expr.kind === 'interval' || (expr.kind === 'call' && operations.test(expr.head));
}

/**
 * Sets hold the same elements in any order, tuples in the same order. Between a set and a tuple the order written
 * counts: '1, 3' answers (1, 3), '3, 1' does not, nor does ±.
 */
export function sameSet(gold: Expr, prediction: Expr, same: Same): boolean {
  const [a, b] = [asWritten(gold), asWritten(prediction)];
  if (a.kind === 'interval' && b.kind === 'interval') return sameInterval(a, b, same);
  const [first, second] = [items(a), items(b)];
  if (first !== undefined && second !== undefined) {
    const named = namesEach(first) && !second.some(isRelation);
    if (!isCall(a, 'Tuple') && !isCall(b, 'Tuple') && !named) return sameElements(first, second, same);
    return !isCall(a, 'Signs') && !isCall(b, 'Signs') && inOrder(first, second, same);
  }
  return sameUnion(a, b, same) || sameReals(a, b);
}

/** [3, 1] can be no interval: it lists a pair. */
function asWritten(expr: Expr): Expr {
  if (expr.kind !== 'interval' || expr.leftOpen || expr.rightOpen) return expr;
  const [left, right] = [place(expr.left), place(expr.right)];
  return left !== undefined && right !== undefined && order(right, left) < 0
    ? call('Tuple', expr.left, expr.right)
    : expr;
}

function sameInterval(a: Interval, b: Interval, same: Same): boolean {
  return (
    a.leftOpen === b.leftOpen && a.rightOpen === b.rightOpen && same(a.left, b.left) && same(a.right, b.right)
  );
}

/** The elements of a list; one thing alone is a list of one. Undefined for sets that can't be listed. */
function items(expr: Expr): readonly Expr[] | undefined {
  if (isUnordered(expr)) return [...new Map(expr.args.map((arg) => [key(arg), arg])).values()];
  if (expr.kind === 'call' && expr.head === 'Tuple') return expr.args;
  return isSetLike(expr) ? undefined : [expr];
}

const isRelation = (expr: Expr) => expr.kind === 'relation';

/** x = 3, y = 5: without their names the values have their order. */
function namesEach(items: readonly Expr[]): boolean {
  const names = items.map((item) =>
    item.kind === 'relation' && item.ops[0] === '=' ? key(item.args[0]!) : '',
  );
  return items.length > 1 && !names.includes('') && new Set(names).size === names.length;
}

const inOrder = (a: readonly Expr[], b: readonly Expr[], same: Same) =>
  a.length === b.length && a.every((x, i) => same(x, b[i]!));

/** Every element has a partner of its own, found by augmenting paths. */
function sameElements(a: readonly Expr[], b: readonly Expr[], same: Same): boolean {
  if (a.length !== b.length) return false;
  if (inOrder(a, b, (x, y) => key(x) === key(y))) return true;
  const matches = a.map((x) => b.map((y) => same(x, y)));
  const owner = new Array<number>(b.length).fill(-1);
  const place = (i: number, seen: Set<number>): boolean =>
    b.some((_, j) => {
      if (!matches[i]![j] || seen.has(j)) return false;
      seen.add(j);
      if (owner[j]! >= 0 && !place(owner[j]!, seen)) return false;
      owner[j] = i;
      return true;
    });
  return a.every((_, i) => place(i, new Set()));
}

/** Unions of the same parts; (a, b) among intervals is open. */
function sameUnion(a: Expr, b: Expr, same: Same): boolean {
  if (!isCall(a, 'Union') || !isCall(b, 'Union')) return false;
  return sameElements(operands(a), operands(b), same);
}

function operands(expr: Expr): Expr[] {
  return isCall(expr, 'Union') ? expr.args.flatMap(operands) : [expr];
}

/** Equal as sets of real numbers: alike at every boundary of either, between them and beyond. */
function sameReals(a: Expr, b: Expr): boolean {
  // Lists are compared element by element; a list is one side of this only beside a union.
  if (!isCombined(a) && !isCombined(b)) return false;
  const [first, second] = [setRegion(a), setRegion(b)];
  return first !== undefined && second !== undefined && compareRegions(first, second)!.agree;
}

const isCombined = (expr: Expr) =>
  expr.kind === 'sym' || (expr.kind === 'call' && /^(?:Union|Intersection|SetMinus)$/.test(expr.head));
