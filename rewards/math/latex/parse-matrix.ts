import { call, type Expr } from '../algebra/expression.ts';
import type { Cursor } from './cursor.ts';

const environments = /^[pbBvV]?(?:small)?matrix\*?$|^array$/;

/**
 * The rest of \begin{pmatrix} … \end{pmatrix}, after \begin. A vmatrix is a determinant.
 * @throws Error for an environment that is no matrix, or rows of unequal length.
 */
export function parseMatrix(c: Cursor): Expr {
  const name = environmentName(c);
  if (!environments.test(name)) throw new Error(`no matrix: ${name}`);
  if (name === 'array') environmentName(c);
  const rows: Expr[] = [];
  const row: Expr[] = [];
  const endRow = () => {
    if (row.length > 0) rows.push(call('Row', ...row.splice(0)));
  };
  while (!c.take('\\end')) {
    row.push(c.within({ bars: 0, noFunctions: false, differentials: false }, () => c.rules.expression(c)));
    if (c.take('\\\\')) endRow();
    else if (!c.take('&') && !c.is('command', 'end')) throw new Error('a matrix entry ends with & or \\\\');
    while (c.take('\\hline') || c.take('\\\\'));
  }
  endRow();
  if (environmentName(c) !== name) throw new Error(`\\end{${name}} missing`);
  const width = (rows[0] as { args?: readonly Expr[] } | undefined)?.args?.length;
  if (rows.some((r) => r.kind !== 'call' || r.args.length !== width))
    throw new Error('rows of unequal length');
  const matrix = call('Matrix', ...rows);
  return name.startsWith('v') ? call('Det', matrix) : matrix;
}

function environmentName(c: Cursor): string {
  c.expect('{');
  let name = '';
  while (!c.take('}')) {
    const token = c.next();
    if (token.type === 'end') throw new Error('environment name never closed');
    name += token.text;
  }
  return name;
}
