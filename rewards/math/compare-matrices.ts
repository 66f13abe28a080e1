import { type Call, call, type Expr, isCall, parts, some, withParts } from './expression.ts';

/** Entries by row. */
type Grid = readonly (readonly Expr[])[];

/** True for a matrix, or sums, multiples and products of matrices. */
export const isMatrix = (expr: Expr): boolean =>
  (expr.kind === 'call' && expr.head === 'Matrix') || (combines(expr) && expr.args.some(isMatrix));

const combines = (expr: Expr): expr is Call =>
  expr.kind === 'call' && /^(?:Add|Neg|Mul|Div|Transpose|Degree)$/.test(expr.head);

/** Same shape and same entries, once sums and products are worked out. */
export function sameMatrix(a: Expr, b: Expr, same: (x: Expr, y: Expr) => boolean): boolean {
  const [first, second] = [grid(a), grid(b)];
  if (first === undefined || second === undefined || first.length !== second.length) return false;
  return first.every(
    (row, i) => row.length === second[i]!.length && row.every((entry, j) => same(entry, second[i]![j]!)),
  );
}

function grid(expr: Expr): Grid | undefined {
  if (expr.kind !== 'call') return undefined;
  const { head, args } = expr;
  if (head === 'Matrix') return args.map(parts);
  if (head === 'Neg') return scaled(call('Neg', call('Mul')), args[0]!) ?? undefined;
  if (head === 'Transpose') return transposed(grid(args[0]!));
  if (head === 'Add') return args.map(grid).reduce((sum, next) => sum && next && added(sum, next));
  if (head === 'Mul') return product(args);
  if (head === 'Div') return scaled(call('Div', call('Mul'), args[1]!), args[0]!);
  return undefined;
}

/** An empty product is one. */
function scaled(factor: Expr, matrix: Expr): Grid | undefined {
  return grid(matrix)?.map((row) => row.map((entry) => call('Mul', factor, entry)));
}

function transposed(rows: Grid | undefined): Grid | undefined {
  return rows?.[0]?.map((_, j) => rows.map((row) => row[j]!));
}

function added(a: Grid, b: Grid): Grid | undefined {
  if (a.length !== b.length || a[0]!.length !== b[0]!.length) return undefined;
  return a.map((row, i) => row.map((entry, j) => call('Add', entry, b[i]![j]!)));
}

function product(args: readonly Expr[]): Grid | undefined {
  const scalars = args.filter((arg) => !isMatrix(arg));
  const grids = args.filter(isMatrix).map(grid);
  const result = grids.reduce((left, right) => left && right && multiplied(left, right));
  return scalars.length === 0
    ? result
    : result?.map((row) => row.map((entry) => call('Mul', ...scalars, entry)));
}

function multiplied(a: Grid, b: Grid): Grid | undefined {
  if (a[0]!.length !== b.length) return undefined;
  return a.map((row) =>
    b[0]!.map((_, j) => call('Add', ...row.map((entry, k) => call('Mul', entry, b[k]![j]!)))),
  );
}

/** Determinants of matrices written out, up to 5 × 5. */
export function determinants(expr: Expr): Expr {
  if (!some(expr, (part) => isCall(part, 'Det') || isCall(part, 'Trace'))) return expr;
  const inner = withParts(expr, parts(expr).map(determinants));
  if (!isCall(inner, 'Det') && !isCall(inner, 'Trace')) return inner;
  const rows = grid(inner.args[0]!);
  if (rows === undefined || rows.length !== rows[0]!.length || rows.length > 5) return inner;
  return inner.head === 'Trace' ? call('Add', ...rows.map((row, i) => row[i]!)) : determinant(rows);
}

function determinant(rows: Grid): Expr {
  if (rows.length === 1) return rows[0]![0]!;
  const terms = rows[0]!.map((entry, j) => {
    const minor = determinant(rows.slice(1).map((row) => row.filter((_, k) => k !== j)));
    const term = call('Mul', entry, minor);
    return j % 2 === 0 ? term : call('Neg', term);
  });
  return call('Add', ...terms);
}
