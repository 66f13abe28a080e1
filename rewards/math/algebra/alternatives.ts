import { call, type Expr, isCall, type Relation } from './expression.ts';

/** Inequalities of which one has to hold: x < 2 or x > 3. */
export type Condition = Relation | (Expr & { readonly kind: 'call'; readonly head: 'Or' });

/** What 'or' joins: conditions as one condition; other things, such as x = 1 or x = 2, as the set of them. */
export function alternatives(items: readonly Expr[]): Expr {
  if (items.length === 1) return items[0]!;
  return call(items.every(isInequality) ? 'Or' : 'Set', ...items);
}

const isInequality = (expr: Expr) => expr.kind === 'relation' && expr.ops.every((op) => /[<>≤≥≠]/.test(op));

export const isCondition = (expr: Expr): expr is Condition => expr.kind === 'relation' || isCall(expr, 'Or');

/** The relations of a condition, of which any may hold. */
export const cases = (condition: Condition): readonly Relation[] =>
  condition.kind === 'relation' ? [condition] : (condition.args as readonly Relation[]);
