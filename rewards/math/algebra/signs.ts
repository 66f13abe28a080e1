import { call, type Expr, isCall, parts, some, withParts } from './expression.ts';

/** a ± b stands for two answers; all the signs of one answer go together. */
export function bothSigns(expr: Expr): Expr[] {
  const hasSign = (part: Expr) => isCall(part, 'PlusMinus') || isCall(part, 'MinusPlus');
  return some(expr, hasSign) ? [withSign(expr, false), withSign(expr, true)] : [expr];
}

function withSign(expr: Expr, flip: boolean): Expr {
  const args = parts(expr).map((part) => withSign(part, flip));
  if (!isCall(expr, 'PlusMinus') && !isCall(expr, 'MinusPlus')) return withParts(expr, args);
  const minus = (expr.head === 'MinusPlus') !== flip;
  const last = args.at(-1)!;
  const signed = minus ? call('Neg', last) : last;
  return args.length === 1 ? signed : call('Add', args[0]!, signed);
}
