import type { Cursor } from './cursor.ts';
import { call, type Expr, isCall, negated, num } from './expression.ts';
import { startsAtom } from './latex-commands.ts';
import { parseAtom } from './parse-atom.ts';
import { isFunctionName } from './parse-function.ts';
import { add, isInteger, negate, rational } from './rational.ts';

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
    if (op === '/' || op === 'div' || op === 'over') left = call('Div', left, right);
    else if (op.endsWith('mod')) left = call('Mod', left, right);
    else left = call('Mul', left, right);
  }
  return withoutPair(left);
}

/** 3:4 is a quotient; 1:2:3 has no such value. */
const withoutPair = (expr: Expr): Expr =>
  isCall(expr, 'Ratio') && expr.args.length === 2 ? call('Div', ...expr.args) : expr;

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
    const spaced = c.token.spaced;
    const next = parsePower(c);
    const mixed = mixedNumber(previous, next) ?? (spaced ? slashedNumber(c, previous, next) : undefined);
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
  /** Written \frac{digits}{digits}, perhaps with % behind. */
  readonly isFraction: boolean;
}

/** 2\frac12 and 2\frac12\%. */
function mixedNumber(whole: Factor, next: Factor): Expr | undefined {
  if (!whole.isInteger || !next.isFraction) return undefined;
  const percent = isCall(next.value, 'Percent');
  const sum = added(whole.value, percent ? next.value.args[0]! : next.value);
  return sum !== undefined && percent ? call('Percent', sum) : sum;
}

/** '2 1/2': the space makes it a mixed number. */
function slashedNumber(c: Cursor, whole: Factor, top: Factor): Expr | undefined {
  const bottom = c.peek();
  const isFraction = c.is('mark', '/') && bottom.type === 'number' && /^\d+$/.test(bottom.text);
  if (!whole.isInteger || !top.isInteger || top.value.kind !== 'num' || !isFraction) return undefined;
  const value = rational(top.value.value.n, BigInt(bottom.text));
  if (value === undefined || value.n >= value.d) return undefined;
  c.next();
  c.next();
  return added(whole.value, num(value));
}

function added(whole: Expr, fraction: Expr): Expr | undefined {
  if (whole.kind !== 'num' || fraction.kind !== 'num') return undefined;
  const sum = add(whole.value, whole.value.n < 0n ? negate(fraction.value) : fraction.value);
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
    else if (c.take('\\degree')) value = call('Degree', value);
    // A prime after a number is feet or minutes; elsewhere it marks a derivative.
    else if (c.take("'")) value = value.kind === 'num' ? value : call('Prime', value);
    else if (c.is('mark', '%') || c.is('command', '%')) {
      c.next();
      value = call('Percent', value);
    } else break;
  }
  const plain = bare.kind === 'num' && bare.base === undefined && !bare.decimal ? bare : undefined;
  const isPercent = isCall(value, 'Percent') && value.args[0] === bare;
  return {
    value,
    isInteger: plain !== undefined && value === bare && digits && isInteger(plain.value),
    isFraction: plain !== undefined && (value === bare || isPercent) && isFractionCommand,
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
