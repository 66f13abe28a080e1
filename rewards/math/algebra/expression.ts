import { integer, negate, type Rational } from './rational.ts';

/** A number as written: `decimal` when it had a decimal point, `base` when it carried one (101_2). */
export interface Num {
  readonly kind: 'num';
  readonly value: Rational;
  readonly decimal: boolean;
  readonly base?: number;
}

/** A variable or named constant: 'x', 'x_1', 'alpha'; constants are 'pi', 'e', 'i', 'infinity'. */
export interface Sym {
  readonly kind: 'sym';
  readonly name: string;
}

/** A word: \text{Evelyn}. */
export interface Text {
  readonly kind: 'text';
  readonly value: string;
}

/** An operator or function applied to arguments, in the order they were written. */
export interface Call {
  readonly kind: 'call';
  readonly head: string;
  readonly args: readonly Expr[];
}

export interface Interval {
  readonly kind: 'interval';
  readonly left: Expr;
  readonly right: Expr;
  readonly leftOpen: boolean;
  readonly rightOpen: boolean;
}

/** A chain of relations: args[0] ops[0] args[1] ops[1] args[2] … */
export interface Relation {
  readonly kind: 'relation';
  readonly args: readonly Expr[];
  readonly ops: readonly RelationOp[];
}
export type RelationOp = '=' | '≠' | '<' | '≤' | '>' | '≥' | '∈' | '∉' | '≈' | '⊂' | '⊃';

export type Expr = Num | Sym | Text | Call | Interval | Relation;

export const num = (value: Rational | number | bigint, decimal = false): Num => ({
  kind: 'num',
  value: typeof value === 'object' ? value : integer(value),
  decimal,
});
export const sym = (name: string): Sym => ({ kind: 'sym', name });
export const call = (head: string, ...args: readonly Expr[]): Call => ({ kind: 'call', head, args });
export const isCall = (expr: Expr | undefined, head: string): expr is Call =>
  expr?.kind === 'call' && expr.head === head;

/** Elements in no order: those of a set as written, or the two that ± stands for. */
export const isUnordered = (expr: Expr): expr is Call & { readonly head: 'Set' | 'Signs' } =>
  expr.kind === 'call' && (expr.head === 'Set' || expr.head === 'Signs');

/** −x, folded into a number. */
export function negated(x: Expr): Expr {
  return x.kind === 'num' ? { ...x, value: negate(x.value) } : call('Neg', x);
}

/** The direct parts of an expression. */
export function parts(expr: Expr): readonly Expr[] {
  if (expr.kind === 'interval') return [expr.left, expr.right];
  return expr.kind === 'call' || expr.kind === 'relation' ? expr.args : [];
}

/** The same expression over other parts. */
export function withParts(expr: Expr, args: readonly Expr[]): Expr {
  if (expr.kind === 'interval') return { ...expr, left: args[0]!, right: args[1]! };
  return expr.kind === 'call' || expr.kind === 'relation' ? { ...expr, args } : expr;
}

/** True when `test` holds for the expression or anything in it. */
export function some(expr: Expr, test: (part: Expr) => boolean): boolean {
  return test(expr) || parts(expr).some((part) => some(part, test));
}

/** How many parts of the expression, itself included, pass the test. */
export function count(expr: Expr, test: (part: Expr) => boolean): number {
  return parts(expr).reduce((sum, part) => sum + count(part, test), test(expr) ? 1 : 0);
}

export const depth = (expr: Expr): number => 1 + Math.max(0, ...parts(expr).map(depth));

const commutative = new Set([
  'Add',
  'Mul',
  'Set',
  'Signs',
  'Union',
  'Intersection',
  'Gcd',
  'Lcm',
  'Max',
  'Min',
]);

/** A spelling that equal structures share: the order of commutative arguments makes no difference. */
export function key(expr: Expr): string {
  switch (expr.kind) {
    case 'num':
      return `${expr.value.n}/${expr.value.d}${expr.base === undefined ? '' : `#${expr.base}`}`;
    case 'sym':
      return expr.name;
    case 'text':
      return `"${expr.value}"`;
    case 'interval':
      return `${expr.leftOpen ? '(' : '['}${key(expr.left)},${key(expr.right)}${expr.rightOpen ? ')' : ']'}`;
    case 'relation':
      return `{${expr.args.map((arg, i) => (i === 0 ? '' : expr.ops[i - 1]) + key(arg)).join('')}}`;
    case 'call': {
      const args = expr.args.map(key);
      if (commutative.has(expr.head)) args.sort();
      return `${expr.head}(${args.join(',')})`;
    }
  }
}
