import { call, type Expr, isCall, negated, some } from '../algebra/expression.ts';
import type { Cursor } from './cursor.ts';
import { differentials } from './differentials.ts';
import { startsAtom } from './latex-commands.ts';
import { mixedNumber, slashedNumber } from './mixed-number.ts';
import { isFunctionName } from './parse-function.ts';
import { parsePower } from './parse-power.ts';

/**
 * Sums, products and powers. As in latex2sympy2, juxtaposition binds tighter than / and \cdot: 1/2x is 1/(2x);
 * and an integer before a plain fraction is a mixed number: 2\frac12 is 5/2.
 */

const sums = new Set(['+', '-', '\\pm', '\\mp']);
const products = new Set([
  '*',
  '/',
  '\\cdot',
  '\\times',
  '\\div',
  '\\over',
  '\\ast',
  '\\star',
  ':',
  '\\mod',
  '\\bmod',
  '\\colon',
]);

export function parseExpression(c: Cursor): Expr {
  let left = parseTerm(c);
  while (c.isOneOf(sums)) {
    const op = c.next().text;
    const right = parseTerm(c);
    if (op === '+') left = call('Add', ...(isCall(left, 'Add') ? left.args : [left]), right);
    else if (op === '-') left = call('Add', ...(isCall(left, 'Add') ? left.args : [left]), negated(right));
    else left = call(op === 'pm' ? 'PlusMinus' : 'MinusPlus', left, right);
  }
  return left;
}

export function parseTerm(c: Cursor): Expr {
  let left = parseUnary(c);
  while (c.isOneOf(products) && !endsBeforeRelation(c)) {
    const op = c.next().text;
    const right = parseUnary(c);
    if (op === ':' || op === 'colon') {
      left = call('Ratio', ...(isCall(left, 'Ratio') ? left.args : [left]), right);
      continue;
    }
    left = withoutPair(left);
    if (op === '/' || op === 'div' || op === 'over')
      left = differentials(left, right) ?? call('Div', left, right);
    else if (op === 'times' && isVector(left) && isVector(right)) left = call('Cross', left, right);
    else if (op.endsWith('mod')) left = call('Mod', left, right);
    else left = call('Mul', left, right);
  }
  return withoutPair(left);
}

/** Vectors are marked as such; \times between them is no product of numbers. */
const isVector = (expr: Expr) =>
  some(
    expr,
    (part) =>
      (part.kind === 'sym' && part.name.startsWith('vec{')) ||
      (part.kind === 'text' && part.value.length === 1),
  );

/** 3:4 is a quotient; 1:2:3 has no such value. */
const withoutPair = (expr: Expr): Expr =>
  isCall(expr, 'Ratio') && expr.args.length === 2 ? call('Div', ...expr.args) : expr;

/** ':' and '|' also stand between a set-builder's variable and its condition; there the caller reads them. */
function endsBeforeRelation(c: Cursor): boolean {
  return c.is('mark', ':') && c.peek().text === '=';
}

/** A product with its signs. */
export function parseUnary(c: Cursor): Expr {
  if (c.take('+')) return parseUnary(c);
  if (c.take('-')) return negated(parseUnary(c));
  if (c.take('\\pm')) return call('PlusMinus', parseUnary(c));
  if (c.take('\\mp')) return call('MinusPlus', parseUnary(c));
  return parseJuxtaposed(c);
}

/** A run of factors written side by side. */
function parseJuxtaposed(c: Cursor): Expr {
  const first = parsePower(c);
  const factors = [first.value];
  let previous = first;
  while (startsFactor(c)) {
    const spaced = c.token.spaced;
    const next = parsePower(c);
    const mixed = mixedNumber(previous, next) ?? (spaced ? slashedNumber(c, previous, next) : undefined);
    if (mixed === undefined) factors.push(next.value);
    else factors[factors.length - 1] = mixed;
    previous = next;
  }
  return factors.length === 1 ? factors[0]! : call('Mul', ...factors);
}

const closers = new Set([
  ')',
  ']',
  '}',
  ',',
  ';',
  '=',
  '<',
  '>',
  '&',
  '+',
  '-',
  '*',
  '/',
  ':',
  '^',
  '_',
  '!',
  "'",
  '?',
  '%',
  '.',
  '"',
  '`',
  '@',
  '#',
]);
function startsFactor(c: Cursor): boolean {
  const { type, text } = c.token;
  if (type === 'end') return false;
  if (type === 'mark') return text === '|' ? c.bars === 0 : !closers.has(text) && text.length === 1;
  if (type === 'letter') return !(c.differentials && text === 'd' && differentialVariable(c));
  if (type !== 'command') return true;
  if (text === '|' || text === 'vert' || text === 'Vert') return c.bars === 0;
  return startsAtom(text) || (!c.noFunctions && isFunctionName(text));
}

function differentialVariable(c: Cursor): boolean {
  return c.peek().type === 'letter' || (c.peek().type === 'command' && startsAtom(c.peek().text));
}
