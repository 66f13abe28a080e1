import { exactValue } from '../algebra/exact.ts';
import {
  call,
  type Expr,
  isCall,
  isUnordered,
  key,
  num,
  type Relation,
  type RelationOp,
} from '../algebra/expression.ts';
import { isSymbolic } from '../algebra/is-symbolic.ts';
import { rational } from '../algebra/rational.ts';
import { unknowns } from '../algebra/unknowns.ts';
import { isFalse } from './contradiction.ts';
import { equalValues } from './equal-values.ts';
import { sameSolutions } from './solutions.ts';
import { exactPoints } from './test-points.ts';

/** Only equalities (x ∈ S counts as x = S). */
export const isEquation = (expr: Expr): expr is Relation =>
  expr.kind === 'relation' && expr.ops.every((op) => op === '=' || op === '∈');

/** An equation that names something: x = 5, f(x) = 1, (x, y) = (1, 2), and chains from a name on. */
const isAssignment = (expr: Expr): expr is Relation => isEquation(expr) && isSymbolic(expr.args[0]!);

/**
 * Brings both answers to the form that the gold answer sets: chains of an assignment keep their ends; a prediction's
 * equation is its right side when the gold answer is no equation, and a gold assignment is its right side when the
 * prediction is none. A prediction that contradicts itself, 2 = 5, stays what it is.
 */
export function reduced(gold: Expr, prediction: Expr): readonly [Expr, Expr] {
  const [a, b] = [ends(named(gold)), ends(named(prediction))];
  if (isEquation(prediction) && isFalse(prediction)) return [a, prediction];
  if (isEquation(b) && !isEquation(a)) return [a, isUnsolved(b) ? b : b.args.at(-1)!];
  if (isAssignment(a) && !isEquation(b)) {
    const each = eachNamed(a);
    return [each !== undefined && isUnordered(b) && b.args.every(isAssignment) ? each : a.args.at(-1)!, b];
  }
  return [a, b];
}

/** 2x = 6, x^2 = 6, x + 1 = 6 and |x| = 6: the right side is not the value of x. */
function isUnsolved({ args, ops }: Relation): boolean {
  const left = args[0]!;
  if (ops.length !== 1 || ops[0] !== '=' || left.kind !== 'call') return false;
  if (isCall(left, 'Abs')) return left.args.every((arg) => arg.kind === 'sym' && /^[xy]$/.test(arg.name));
  const names = leaves(left)?.filter((name) => name !== undefined);
  return names?.length === 1 && /^[a-z]$/.test(names[0]!) && names[0] !== 'e';
}

/** The names in sums, products and powers, undefined for a number; undefined where anything else stands in them. */
function leaves(expr: Expr): (string | undefined)[] | undefined {
  if (expr.kind === 'num') return [undefined];
  if (expr.kind === 'sym') return [expr.name];
  if (expr.kind !== 'call' || !/^(?:Add|Mul|Neg|Div|Pow)$/.test(expr.head)) return undefined;
  const parts = expr.args.map(leaves);
  return parts.every((part) => part !== undefined) ? parts.flat() : undefined;
}

/** 5 = x as x = 5. */
const named = (expr: Expr): Expr =>
  isEquation(expr) && !expr.ops.includes('∈') && !isSymbolic(expr.args[0]!) && isSymbolic(expr.args.at(-1)!)
    ? { ...expr, args: [...expr.args].reverse(), ops: [...expr.ops].reverse() }
    : expr;

const ends = (expr: Expr): Expr =>
  isAssignment(expr) && expr.ops.length > 1
    ? { ...expr, args: [expr.args[0]!, expr.args.at(-1)!], ops: ['='] }
    : expr;

/** (x, y) = (1, 2) as x = 1, y = 2. */
function eachNamed({ args }: Relation): Expr | undefined {
  const [names, values] = args;
  if (!isCall(names!, 'Tuple') || !isCall(values!, 'Tuple') || names.args.length !== values.args.length)
    return undefined;
  return call(
    'Set',
    ...names.args.map(
      (name, i): Relation => ({ kind: 'relation', args: [name, values.args[i]!], ops: ['='] }),
    ),
  );
}

export function sameRelation(
  gold: Relation,
  prediction: Relation,
  same: (x: Expr, y: Expr) => boolean,
): boolean {
  const [a, b] = [links(gold), links(prediction)];
  if (a.length === b.length) {
    if (a.every((link, i) => sameLink(link, b[i]!, same))) return true;
    // b > x > a says a < x < b from the other end.
    if (a.length > 1 && a.every((link, i) => sameLink(link, b[b.length - 1 - i]!, same))) return true;
  }
  // 'x = 3' asks for the value: '2x = 6' has yet to be solved.
  return !isSolved(gold) && (isMultiple(gold, prediction) || sameSolutions(gold, prediction));
}

/** x + 2y = 3 and 2x + 4y = 6: one equation is the other times a number. */
function isMultiple(a: Relation, b: Relation): boolean {
  const [[first, ...others], [second, ...more]] = [links(a), links(b)];
  if (others.length > 0 || more.length > 0 || first?.op !== '=' || second?.op !== '=') return false;
  const [left, right] = [difference(first), difference(second)];
  const [point] = exactPoints(left, right, unknowns(left, right)).first;
  const [x, y] = [left, right].map((side) => exactValue(side, point!));
  const factor = x && y && rational(x.n * y.d, x.d * y.n);
  return factor !== undefined && factor.n !== 0n && equalValues(left, call('Mul', num(factor), right));
}

const isSolved = (expr: Relation) => isAssignment(expr) && unknowns(expr.args.at(-1)!).length === 0;

/** One step of a chain, turned so that it never reads > or ≥. */
interface Link {
  readonly left: Expr;
  readonly op: RelationOp;
  readonly right: Expr;
}

function links({ args, ops }: Relation): Link[] {
  return ops.map((op, i) => {
    const [left, right] = [args[i]!, args[i + 1]!];
    if (op === '>') return { left: right, op: '<', right: left };
    if (op === '≥') return { left: right, op: '≤', right: left };
    return { left, op: op === '∈' ? '=' : op, right };
  });
}

function sameLink(a: Link, b: Link, same: (x: Expr, y: Expr) => boolean): boolean {
  if (a.op !== b.op) return false;
  if (sameSide(a.left, b.left, same) && sameSide(a.right, b.right, same)) return true;
  const symmetric = a.op === '=' || a.op === '≠';
  if (symmetric && sameSide(a.left, b.right, same) && sameSide(a.right, b.left, same)) return true;
  const [first, second] = [difference(a), difference(b)];
  return equalValues(first, second) || (symmetric && equalValues(first, call('Neg', second)));
}

/** A side is compared as an answer of its own, so that decimals round; but never unwrapped. */
function sameSide(a: Expr, b: Expr, same: (x: Expr, y: Expr) => boolean): boolean {
  return key(a) === key(b) || (a.kind !== 'relation' && b.kind !== 'relation' && same(a, b));
}

const difference = ({ left, right }: Link): Expr => call('Add', left, call('Neg', right));
