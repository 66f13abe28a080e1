import type { Cursor } from './cursor.ts';
import { call, type Expr, isCall, negated, num } from './expression.ts';
import { startsAtom } from './latex-commands.ts';
import { parseAtom } from './parse-atom.ts';
import { isFunctionName } from './parse-function.ts';
import { add, isInteger, negate } from './rational.ts';

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
    if (op === '/' || op === 'div' || op === 'over' || op === ':' || op === 'colon')
      left = call('Div', left, right);
    else if (op.endsWith('mod')) left = call('Mod', left, right);
    else left = call('Mul', left, right);
  }
  return left;
}

/** ':' and '|' also stand between a set-builder's variable and its condition; there the caller reads them. */
function endsBeforeRelation(c: Cursor): boolean {
  return c.is('mark', ':') && c.peek().text === '=';
}

function parseUnary(c: Cursor): Expr {
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
    const next = parsePower(c);
    const mixed = next.isFraction ? mixedNumber(previous, next.value) : undefined;
    if (mixed === undefined) factors.push(next.value);
    else factors[factors.length - 1] = mixed;
    previous = next;
  }
  return factors.length === 1 ? factors[0]! : call('Mul', ...factors);
}

interface Factor {
  readonly value: Expr;
  /** Written with digits alone. */
  readonly isInteger: boolean;
  /** Written \frac{digits}{digits}. */
  readonly isFraction: boolean;
}

function mixedNumber(whole: Factor, fraction: Expr): Expr | undefined {
  if (!whole.isInteger || whole.value.kind !== 'num' || fraction.kind !== 'num') return undefined;
  const { value } = whole.value;
  const sum = add(value, value.n < 0n ? negate(fraction.value) : fraction.value);
  return sum === undefined ? undefined : num(sum);
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

function parsePower(c: Cursor): Factor {
  const { type } = c.token;
  const isFractionCommand = /^[dtc]?frac$/.test(c.token.text) && type === 'command';
  const digits = type === 'number' && !c.token.text.includes('.');
  let value = parseAtom(c);
  const bare = value;
  for (;;) {
    if (c.is('mark', '^')) value = parseSuperscript(c, value);
    else if (c.is('mark', '**')) {
      c.next();
      value = call('Pow', value, parseUnary(c));
    } else if (c.take('!')) value = call('Factorial', value);
    // A prime after a number is feet or minutes; elsewhere it marks a derivative.
    else if (c.take("'")) value = value.kind === 'num' ? value : call('Prime', value);
    else if (c.is('mark', '%') || c.is('command', '%')) {
      c.next();
      value = call('Percent', value);
    } else break;
  }
  const plain =
    value === bare && value.kind === 'num' && value.base === undefined && !value.decimal ? value : undefined;
  return {
    value,
    isInteger: plain !== undefined && digits && isInteger(plain.value),
    isFraction: plain !== undefined && isFractionCommand,
  };
}

/** Superscripts that are no powers. */
const marked: Readonly<Record<string, string>> = {
  circ: 'Degree',
  degree: 'Degree',
  prime: 'Prime',
  top: 'Transpose',
};

function parseSuperscript(c: Cursor, base: Expr): Expr {
  c.expect('^');
  if (c.take('\\circ') || c.take('\\degree')) return call('Degree', base);
  if (c.take('\\prime')) return call('Prime', base);
  if (c.take('{')) {
    const head = c.peek().text === '}' && c.is('command') ? marked[c.token.text] : undefined;
    if (head !== undefined) {
      c.next();
      c.expect('}');
      return call(head, base);
    }
    const exponent = c.within({ bars: 0, noFunctions: false, differentials: false }, () =>
      c.rules.expression(c),
    );
    c.expect('}');
    return power(c, base, exponent);
  }
  return power(c, base, parseScript(c));
}

/** One signed atom: what a script without braces holds. */
export function parseScript(c: Cursor): Expr {
  return c.take('-') ? negated(parseScript(c)) : parseAtom(c);
}

/** x^{…}, with towers read from the top: 2^3^2 is 2^9. */
function power(c: Cursor, base: Expr, exponent: Expr): Expr {
  if (isCall(base, 'Matrix') && exponent.kind === 'sym' && exponent.name === 'T')
    return call('Transpose', base);
  return call('Pow', base, c.is('mark', '^') ? parseSuperscript(c, exponent) : exponent);
}
