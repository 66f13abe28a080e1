import { type Call, call, type Expr, isCall, num, parts, some, withParts } from '../algebra/expression.ts';

/** Entries by row. */
type Grid = readonly (readonly Expr[])[];

/** True for a matrix, or sums, multiples and products of matrices. */
export const isMatrix = (expr: Expr): boolean =>
  (expr.kind === 'call' && expr.head === 'Matrix') || (combines(expr) && expr.args.some(isMatrix));

const combines = (expr: Expr): expr is Call =>
  expr.kind === 'call' && /^(?:Add|Neg|Mul|Div|Pow|Transpose)$/.test(expr.head);

/** Same shape and same entries, once sums and products are worked out. */
export function sameMatrix(a: Expr, b: Expr, same: (x: Expr, y: Expr) => boolean): boolean {
  const [first, second] = [grid(a), grid(b)];
  if (first === undefined || second === undefined || first.length !== second.length) return false;
  return first.every(
    (row, i) => row.length === second[i]!.length && row.every((entry, j) => same(entry, second[i]![j]!)),
  );
}

/** Undefined for what is no matrix, and where shapes do not fit. */
function grid(expr: Expr): Grid | undefined {
  if (expr.kind !== 'call' || !isMatrix(expr)) return undefined;
  const { head, args } = expr;
  if (head === 'Matrix') return args.map(parts);
  if (head === 'Neg') return scaled(call('Neg', call('Mul')), args[0]!) ?? undefined;
  if (head === 'Transpose') return transposed(grid(args[0]!));
  if (head === 'Add') return args.map(grid).reduce((sum, next) => sum && next && added(sum, next));
  if (head === 'Mul') return product(args);
  if (head === 'Div') return scaled(call('Div', call('Mul'), args[1]!), args[0]!);
  if (head === 'Pow') return raised(grid(args[0]!), args[1]!);
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
  const result = chained(args.filter(isMatrix).map(grid));
  return scalars.length === 0
    ? result
    : result?.map((row) => row.map((entry) => call('Mul', ...scalars, entry)));
}

/** Powers of two and more up to ten, and the inverse. */
function raised(rows: Grid | undefined, exponent: Expr): Grid | undefined {
  if (rows === undefined || exponent.kind !== 'num' || exponent.value.d !== 1n) return undefined;
  const times = Number(exponent.value.n);
  if (times === -1) return inverse(rows);
  if (times < 2 || times > 10) return undefined;
  return chained(new Array<Grid>(times).fill(rows));
}

/** The matrices multiplied; undefined where the entries, written out, would have too many terms. */
function chained(grids: readonly (Grid | undefined)[]): Grid | undefined {
  const width = Math.max(...grids.map((rows) => rows?.[0]?.length ?? 0));
  if (width ** (grids.length - 1) > MOST_TERMS) return undefined;
  return grids.reduce((left, right) => left && right && multiplied(left, right));
}
const MOST_TERMS = 1000;

/** Cofactors over the determinant. */
function inverse(rows: Grid): Grid | undefined {
  if (rows.length !== rows[0]!.length || rows.length > MOST_ROWS) return undefined;
  const whole = determinant(rows);
  const cofactor = (i: number, j: number) => (rows.length === 1 ? num(1) : signedMinor(rows, i, j));
  return rows.map((row, i) => row.map((_, j) => call('Div', cofactor(j, i), whole)));
}

function multiplied(a: Grid, b: Grid): Grid | undefined {
  if (a[0]!.length !== b.length) return undefined;
  return a.map((row) =>
    b[0]!.map((_, j) => call('Add', ...row.map((entry, k) => call('Mul', entry, b[k]![j]!)))),
  );
}

const MOST_ROWS = 5;

/** Determinants of matrices written out, up to 5 × 5. */
export function determinants(expr: Expr): Expr {
  if (!some(expr, (part) => isCall(part, 'Det') || isCall(part, 'Trace'))) return expr;
  const inner = withParts(expr, parts(expr).map(determinants));
  if (!isCall(inner, 'Det') && !isCall(inner, 'Trace')) return inner;
  const rows = grid(inner.args[0]!);
  if (rows === undefined || rows.length !== rows[0]!.length || rows.length > MOST_ROWS) return inner;
  return inner.head === 'Trace' ? call('Add', ...rows.map((row, i) => row[i]!)) : determinant(rows);
}

function determinant(rows: Grid): Expr {
  if (rows.length === 1) return rows[0]![0]!;
  return call('Add', ...rows[0]!.map((entry, j) => call('Mul', entry, signedMinor(rows, 0, j))));
}

function signedMinor(rows: Grid, i: number, j: number): Expr {
  const minor = determinant(rows.filter((_, k) => k !== i).map((row) => row.filter((_, k) => k !== j)));
  return (i + j) % 2 === 0 ? minor : call('Neg', minor);
}
