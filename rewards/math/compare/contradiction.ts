import { approximate } from '../algebra/approximate.ts';
import { type Expr, isCall, type Relation, some } from '../algebra/expression.ts';
import { toNumber } from '../algebra/rational.ts';
import { unknowns } from '../algebra/unknowns.ts';
import { equalValues } from './equal-values.ts';

/** True for an equation of numbers alone that is wrong: 2 = 5. One that names something, x = 2 = 5, is read for its end. */
export function isFalse({ args, ops }: Relation): boolean {
  return args.every(isNumber) && ops.some((op, i) => op === '=' && differ(args[i]!, args[i + 1]!));
}

function differ(a: Expr, b: Expr): boolean {
  if (equalValues(a, b)) return false;
  const [left, right] = [approximate(a, nowhere), approximate(b, nowhere)];
  // Without a value to look at, the equation is taken as it stands.
  if (left === undefined || right === undefined) return false;
  return Math.hypot(left.re - right.re, left.im - right.im) >= Math.max(unitOf(a), unitOf(b), 1e-12);
}

const nowhere = new Map<string, number>();
/** 180° = π changes the unit. */
const isNumber = (expr: Expr) => unknowns(expr).length === 0 && !some(expr, (part) => isCall(part, 'Degree'));

/** The last decimal's worth, as 22/7 = 3.14 is meant; 0 for a number written without. */
function unitOf(expr: Expr): number {
  if (expr.kind !== 'num' || !expr.decimal) return 0;
  let [unit, scaled] = [1, toNumber(expr.value)];
  for (let decimals = 0; decimals < 12 && !isWhole(scaled); decimals++) {
    unit /= 10;
    scaled *= 10;
  }
  return unit;
}

const isWhole = (x: number) => Math.abs(x - Math.round(x)) <= 1e-9 * Math.max(1, Math.abs(x));
