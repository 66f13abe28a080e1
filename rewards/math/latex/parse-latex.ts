import { alternatives } from '../algebra/alternatives.ts';
import { call, type Expr, num, type RelationOp } from '../algebra/expression.ts';
import { isSymbolic } from '../algebra/is-symbolic.ts';
import { fromDecimal } from '../algebra/rational.ts';
import { bothSigns } from '../algebra/signs.ts';
import { Cursor, type Rules } from './cursor.ts';
import { tokenize } from './latex-tokens.ts';
import { parseExpression, parseTerm, parseUnary } from './parse-expression.ts';
import { parseScript } from './parse-power.ts';

/** LaTeX answers: lists, relations and sets over the expressions of parse-expression.ts. */

const relations: Readonly<Record<string, RelationOp>> = {
  '=': '=',
  '==': '=',
  '\\equiv': '=',
  '<': '<',
  '\\lt': '<',
  '>': '>',
  '\\gt': '>',
  '<=': '≤',
  '\\le': '≤',
  '\\leq': '≤',
  '\\leqslant': '≤',
  '\\leqq': '≤',
  '>=': '≥',
  '\\ge': '≥',
  '\\geq': '≥',
  '\\geqslant': '≥',
  '\\geqq': '≥',
  '!=': '≠',
  '!==': '≠',
  '\\ne': '≠',
  '\\neq': '≠',
  '~=': '≈',
  '\\approx': '≈',
  '\\simeq': '≈',
  '\\cong': '≈',
  '\\in': '∈',
  '\\notin': '∉',
  '\\subset': '⊂',
  '\\subseteq': '⊂',
  '\\supset': '⊃',
  '\\supseteq': '⊃',
};
const negations: Partial<Record<RelationOp, RelationOp>> = {
  '=': '≠',
  '∈': '∉',
  '<': '≥',
  '>': '≤',
  '≤': '>',
  '≥': '<',
};

const rules: Rules = {
  expression: parseExpression,
  term: parseTerm,
  unary: parseUnary,
  script: parseScript,
  list: (c) => collect(elements(c)),
  elements,
};

/** A whole answer that is one number with thousands separators; '0,111' has a decimal comma. */
const groupedNumber = /^\s*-?\d{1,3}(?:,\d{3})+(?:\.\d+)?\s*$/;

/**
 * Parses a LaTeX answer: an expression, relation, set, tuple, interval, matrix, or a list of them.
 * @throws Error when it can't be read to its end.
 */
export function parseLatex(latex: string): Expr {
  if (groupedNumber.test(latex)) {
    const text = latex.trim();
    if (text.startsWith('0')) return num(fromDecimal(text.replace(',', '.').replaceAll(',', '')), true);
    return num(fromDecimal(text.replaceAll(',', '')), text.includes('.'));
  }
  const tokens = tokenize(latex);
  // A sentence's full stop is no part of the answer.
  while (tokens.length > 1 && /^[.,;]$/.test(tokens.at(-1)!.text)) tokens.pop();
  const c = new Cursor(tokens, rules);
  const answer = collect(elements(c));
  if (!c.is('end')) throw new Error(`unexpected ${c.token.text}`);
  return answer;
}

/** One element stands for itself, several for a set; 'x=1,2,3' gives x all of them, ± stands for two. */
function collect({ items: written, separated }: { items: Expr[]; separated: boolean }): Expr {
  const items = written.flatMap(bothSigns);
  if (written.length === 1 && items.length === 2 && !separated) return call('Signs', ...items);
  const [first, ...rest] = items;
  if (first === undefined) throw new Error('nothing to read');
  if (!separated && items.length === 1) return first;
  if (rest.length > 0 && isAssignment(first) && rest.every((item) => item.kind !== 'relation')) {
    return { ...first, args: [first.args[0]!, call('Set', first.args[1]!, ...rest)] };
  }
  return items.length === 1 ? first : call('Set', ...items);
}

function isAssignment(expr: Expr): expr is Expr & { kind: 'relation' } {
  return (
    expr.kind === 'relation' &&
    expr.ops.length === 1 &&
    (expr.ops[0] === '=' || expr.ops[0] === '∈') &&
    isSymbolic(expr.args[0]!)
  );
}

function elements(c: Cursor): { items: Expr[]; separated: boolean } {
  const groups: Expr[][] = [[]];
  let separated = false;
  for (;;) {
    groups.at(-1)!.push(parseAlternatives(c));
    if (c.take(';')) groups.push([]);
    else if (!c.take(',')) break;
    separated = true;
    if (c.is('end')) break;
  }
  const filled = groups.filter((group) => group.length > 0);
  const items =
    filled.length > 1 && filled.some((group) => group.length > 1)
      ? filled.map((group) => call('Tuple', ...group))
      : filled.flat();
  return { items, separated: separated || items.length > 1 };
}

/** x < 2 ∨ x > 3: either holds. */
function parseAlternatives(c: Cursor): Expr {
  const items = [parseRelation(c)];
  while (c.take('\\lor') || c.take('\\vee')) items.push(parseRelation(c));
  return alternatives(items);
}

function parseRelation(c: Cursor): Expr {
  // ≈ 0.4 alone is the number.
  if (c.is('command', 'approx') || c.is('mark', '~=')) c.next();
  let left = parseSetDifference(c);
  for (let op = relationOp(c); op !== undefined; op = relationOp(c))
    left = related(left, op, parseSetDifference(c));
  return c.take('\\pmod') ? call('Modulo', left, c.rules.script(c)) : left;
}

function relationOp(c: Cursor): RelationOp | undefined {
  const negated = c.take('\\not');
  const { type, text } = c.token;
  const op = type === 'mark' ? relations[text] : type === 'command' ? relations[`\\${text}`] : undefined;
  if (op !== undefined) c.next();
  return negated && op !== undefined ? negations[op] : op;
}

function related(left: Expr, op: RelationOp, right: Expr): Expr {
  // x ≈ 3.14 is read as 3.14; 1/3 ≈ 0.33 as the exact side.
  if (op === '≈') return isSymbolic(left) ? right : left;
  if (left.kind === 'relation') return { ...left, args: [...left.args, right], ops: [...left.ops, op] };
  return { kind: 'relation', args: [left, right], ops: [op] };
}

const parseSetDifference = leftAssociative(['\\setminus', '\\backslash'], 'SetMinus', (c) => parseUnion(c));
const parseUnion = leftAssociative(['\\cup'], 'Union', (c) => parseIntersection(c));
const parseIntersection = leftAssociative(['\\cap'], 'Intersection', parseExpression);

function leftAssociative(
  names: readonly string[],
  head: string,
  operand: (c: Cursor) => Expr,
): (c: Cursor) => Expr {
  return (c) => {
    let left = operand(c);
    while (names.some((name) => c.take(name))) left = call(head, left, operand(c));
    return left;
  };
}
