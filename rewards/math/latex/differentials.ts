import { call, type Expr, isCall, sym } from '../algebra/expression.ts';

/**
 * dy/dx, d²y/dx² and ∂u/∂x: derivatives of unknown functions, a name each. The d of both does not cancel.
 * @returns undefined for other quotients.
 */
export function differentials(top: Expr, bottom: Expr): Expr | undefined {
  const isDerivative = startsWithD(top) && startsWithD(bottom);
  return isDerivative ? call('Apply', sym('derivative'), top, bottom) : undefined;
}

function startsWithD(expr: Expr): boolean {
  if (!isCall(expr, 'Mul')) return false;
  const [first, ...rest] = expr.args;
  const d = isCall(first, 'Pow') ? first.args[0]! : first!;
  return d.kind === 'sym' && /^(?:d|partial)$/.test(d.name) && rest.every(isName);
}

/** x, x², f(x), and the second ∂ of ∂x∂y. */
function isName(expr: Expr): boolean {
  if (expr.kind !== 'call') return expr.kind === 'sym';
  return expr.head === 'Apply' || (expr.head === 'Pow' && isName(expr.args[0]!));
}
