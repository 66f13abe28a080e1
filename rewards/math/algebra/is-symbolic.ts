import type { Expr } from './expression.ts';

/** True for names alone, with nothing to compute: x, AB, f(x), f(3), |AB|, A/S, (x, y). */
export function isSymbolic(expr: Expr): boolean {
  if (expr.kind === 'sym') return !/^(?:pi|e|infinity)$/.test(expr.name);
  if (expr.kind === 'text') return true;
  if (expr.kind !== 'call') return false;
  return expr.head === 'Apply' || (expr.args.length > 0 && expr.args.every(isSymbolic));
}
