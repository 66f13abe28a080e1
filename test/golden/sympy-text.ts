import {
  call,
  type Expr,
  isCall,
  isUnordered,
  parts,
  sym,
  withParts,
} from '../../rewards/math/algebra/expression.ts';
import { parseLatex } from '../../rewards/math/latex/parse-latex.ts';

/** sympy's types of values, and how ours tell them apart; ours leaves −(1+2) as it stands. */
const kinds: Readonly<Record<string, (expr: Expr) => boolean>> = {
  Float: (expr) => expr.kind === 'num' && expr.decimal,
  Integer: isExact,
  Rational: isExact,
  FiniteSet: isUnordered,
  // (1, 2) may be a pair or an interval; ours decides when it compares.
  Interval: (expr) => expr.kind === 'interval' || isCall(expr, 'Tuple'),
  Tuple: (expr) => expr.kind === 'interval' || isCall(expr, 'Tuple'),
  Equality: (expr) => expr.kind === 'relation',
  Mul: isExact,
  Add: (expr) => expr.kind === 'call',
  Pow: (expr) => expr.kind === 'call',
  Symbol: (expr) => expr.kind === 'sym' || expr.kind === 'text',
};
const numbers = ['One', 'Zero', 'NegativeOne', 'Half'];

function isExact(expr: Expr): boolean {
  return expr.kind === 'call' || (expr.kind === 'num' && !expr.decimal);
}

/** True when sympy's type fits; types that are not listed above fit anything. */
export const isSympyKind = (expr: Expr, type: string): boolean =>
  kinds[numbers.includes(type) ? 'Integer' : type]?.(expr) ?? true;

const spellings: readonly (readonly [RegExp, string])[] = [
  [/\bInterval\.open\(([^(),]*), ([^(),]*)\)/g, '($1,$2)'],
  [/\bInterval\.Ropen\(([^(),]*), ([^(),]*)\)/g, '[$1,$2)'],
  [/\bInterval\.Lopen\(([^(),]*), ([^(),]*)\)/g, '($1,$2]'],
  [/\bInterval\(([^(),]*), ([^(),]*)\)/g, '[$1,$2]'],
  [/^Eq\((.*?), (.*)\)$/, '$1=$2'],
  [/\bsqrt\(([^()]*)\)/g, '\\sqrt{$1}'],
  [/\bexp\(([^()]*)\)/g, '\\exp($1)'],
  [/\boo\b/g, '\\infty '],
  [/\bpi\b/g, '\\pi '],
  [/^EmptySet$/, '\\emptyset'],
  [/^Reals$/, '\\mathbb{R}'],
  [/^\{(.*)\}$/, '\\{$1\\}'],
];

/** What sympy prints, read; its names are in lower case. */
export function parseSympy(text: string): Expr {
  const rows = /^Matrix\(\[\[(.*)\]\]\)$/.exec(text)?.[1]?.split('], [');
  if (rows !== undefined)
    return parseLatex(`\\begin{pmatrix}${rows.join('\\\\').replaceAll(', ', '&')}\\end{pmatrix}`);
  return parseLatex(spellings.reduce((latex, [pattern, spelling]) => latex.replace(pattern, spelling), text));
}

export function lowered(expr: Expr): Expr {
  if (expr.kind === 'sym') return sym(expr.name.toLowerCase());
  if (expr.kind === 'text') return { kind: 'text', value: expr.value.toLowerCase() };
  if (expr.kind === 'call') return call(expr.head, ...expr.args.map(lowered));
  return withParts(expr, parts(expr).map(lowered));
}
