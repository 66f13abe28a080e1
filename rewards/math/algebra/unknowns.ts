import { type Call, type Expr, isCall, key, parts, sym, withParts } from './expression.ts';

const constants = new Set(['pi', 'e', 'i', 'infinity']);

/** The names that expressions leave open, sorted: variables, words, functions of unknown meaning (by their key). */
export function unknowns(...expressions: readonly Expr[]): string[] {
  const found = new Set<string>();
  for (const expr of expressions) collect(expr, found);
  return [...found].sort();
}

function collect(expr: Expr, found: Set<string>): void {
  if (isOpaque(expr) || (expr.kind === 'sym' && !constants.has(expr.name))) found.add(key(expr));
  else if (isCall(expr, 'Sum') || isCall(expr, 'Product')) collectFromSum(expr, found);
  else for (const part of parts(expr)) collect(part, found);
}

/** The name that a sum runs through is its own. */
function collectFromSum({ args: [body, variable, ...bounds] }: Call, found: Set<string>): void {
  for (const name of unknowns(body!)) if (name !== key(variable!)) found.add(name);
  for (const bound of bounds) collect(bound, found);
}

const isOpaque = (expr: Expr) =>
  expr.kind === 'text' || (expr.kind === 'call' && (expr.head === 'Apply' || expr.head === 'Prime'));

/** `expr` with its n-th variable called as the n-th of `model`, when both have as many. Functions keep their names. */
export function renamed(expr: Expr, model: Expr): Expr {
  const [own, others] = [variables(expr), variables(model)];
  if (own.length !== others.length) return expr;
  const names = new Map(own.map((name, i) => [name, others[i]!]));
  const rename = (part: Expr): Expr =>
    part.kind === 'sym'
      ? sym(names.get(part.name) ?? part.name)
      : withParts(part, operands(part).kept.concat(operands(part).open.map(rename)));
  return rename(expr);
}

/** The names of variables, those inside f(…) included, sorted. */
function variables(expr: Expr): string[] {
  const found = new Set<string>();
  const collectFrom = (part: Expr): void => {
    if (part.kind === 'sym' && !constants.has(part.name)) found.add(part.name);
    for (const inner of operands(part).open) collectFrom(inner);
  };
  collectFrom(expr);
  return [...found].sort();
}

/** An applied function's name stays as it is; all else may hold variables. */
function operands(expr: Expr): { kept: Expr[]; open: readonly Expr[] } {
  const all = parts(expr);
  return expr.kind === 'call' && expr.head === 'Apply'
    ? { kept: all.slice(0, 1), open: all.slice(1) }
    : { kept: [], open: all };
}
