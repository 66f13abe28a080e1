import { call, type Expr, isCall, isUnordered, num, sym } from '../algebra/expression.ts';
import { fromDecimal, rational } from '../algebra/rational.ts';
import type { Cursor } from './cursor.ts';
import { differentials } from './differentials.ts';
import { accents, brackets, symbolCommands, transparent } from './latex-commands.ts';
import { isDerivative, isFunctionName, parseDerivative, parseFunction } from './parse-function.ts';
import { closed, parseAngles, parseGroup, parseNamedGroup, parseSet } from './parse-group.ts';
import { parseMatrix } from './parse-matrix.ts';
import { parseNumber } from './parse-number.ts';
import { subscriptText } from './parse-scripts.ts';

/** The smallest pieces: numbers, letters, words, brackets, fractions, roots, accents. */
export function parseAtom(c: Cursor): Expr {
  const { type, text } = c.token;
  if (type === 'number') return parseNumber(c);
  if (type === 'letter') return parseLetter(c);
  if (type === 'text') return parseWords(c);
  if (type === 'command') return parseCommand(c);
  if (text === '(' || text === '[' || text === '{') return parseGroup(c);
  if (text === '|' && c.take('|')) return closed(c, 'Abs', '|');
  throw new Error(`unexpected ${text || 'end'}`);
}

/** Letters that name a function when a bracket follows at once: f(x), P(A). Other letters multiply: n(n+1). */
const functionLetters = /^[fghFGHP]$/;

function parseLetter(c: Cursor): Expr {
  return named(c, c.next().text);
}

function named(c: Cursor, letter: string): Expr {
  const name = c.is('mark', '_') ? `${letter}_${subscriptText(c)}` : letter;
  if (!functionLetters.test(letter)) return sym(name);
  const inverse = isNext(c, '^{-1}(');
  if (inverse) for (let i = 0; i < 5; i++) c.next();
  return c.is('mark', '(')
    ? call('Apply', sym(inverse ? `${name}^{-1}` : name), ...callArguments(c))
    : sym(name);
}

/** True when the next tokens are these characters. */
const isNext = (c: Cursor, characters: string) =>
  [...characters].every((character, i) => c.peek(i).text === character);

function callArguments(c: Cursor): readonly Expr[] {
  c.expect('(');
  const { items } = c.within({ bars: 0, noFunctions: false }, () => c.rules.elements(c));
  c.expect(')');
  return items;
}

const oneLetterWords: Readonly<Record<string, Expr>> = { e: sym('e'), i: sym('i'), d: sym('d') };

function parseWords(c: Cursor): Expr {
  const words = c.next().text;
  if (isFunctionName(words.trim())) return parseFunction(c, words.trim());
  // Words of a choice or name: spaces and brackets make no difference, (C) is C.
  const value = words.replace(/[\s()]/g, '');
  if (value === '') throw new Error('empty words');
  if (/^-?\d+(?:\.\d+)?$/.test(value)) return num(fromDecimal(value), value.includes('.'));
  const name = oneLetterWords[value];
  if (name !== undefined) return name;
  if (c.is('mark', '_')) return sym(`${value}_${subscriptText(c)}`);
  return { kind: 'text', value };
}

const constants: Readonly<Record<string, string>> = {
  pi: 'pi',
  infty: 'infinity',
  imath: 'i',
  exponentialE: 'e',
};
const numberSets: Readonly<Record<string, string>> = {
  N: 'Naturals',
  Z: 'Integers',
  Q: 'Rationals',
  R: 'Reals',
  C: 'Complexes',
  P: 'Primes',
};

function parseCommand(c: Cursor): Expr {
  const name = c.next().text;
  if (isFunctionName(name)) return parseFunction(c, name);
  if (/^[dtc]?frac$/.test(name)) return isDerivative(c) ? parseDerivative(c) : parseFraction(c);
  if (/^[dt]?binom$/.test(name)) return call('Binomial', argument(c), argument(c));
  if (name === 'sqrt' || name === 'surd') return parseRoot(c);
  if (name === 'begin') return parseMatrix(c);
  if (name === '{' || name === 'lbrace') return parseSet(c, name === '{' ? '\\}' : '\\rbrace');
  if (name === 'lgroup' || name === 'lbrack')
    return parseNamedGroup(c, name === 'lgroup' ? '\\rgroup' : '\\rbrack');
  if (name === 'mathbb') return numberSet(argumentText(c));
  if (name === 'emptyset' || name === 'varnothing') return call('Set');
  if (name === 'langle') return parseAngles(c);
  const bracket = brackets[name];
  if (bracket !== undefined) return closed(c, ...bracket);
  if (transparent.has(name)) return argument(c);
  const accent = accents.get(name);
  if (accent !== undefined) return named(c, `${accent}{${argumentText(c)}}`);
  if (!symbolCommands.has(name)) throw new Error(`unknown command \\${name}`);
  return named(c, constants[name] ?? name);
}

function numberSet(letter: string): Expr {
  const name = numberSets[letter];
  return sym(name ?? `mathbb{${letter}}`);
}

/** The argument of a command: a braced expression, or the next digit, letter or command alone. */
function argument(c: Cursor): Expr {
  if (c.is('mark', '{')) {
    c.next();
    const { items, separated } = c.within({ bars: 0, noFunctions: false, differentials: false }, () =>
      c.rules.elements(c),
    );
    c.expect('}');
    return items.length === 1 && !separated ? items[0]! : call('Set', ...items);
  }
  return parseAtom(c);
}

function argumentText(c: Cursor): string {
  if (!c.take('{')) return c.next().text;
  let text = '';
  for (let depth = 1; ; ) {
    const token = c.next();
    if (token.type === 'end') throw new Error('brace never closed');
    if (token.type === 'mark' && token.text === '{') depth++;
    if (token.type === 'mark' && token.text === '}' && --depth === 0) return text;
    text += token.text;
  }
}

function parseFraction(c: Cursor): Expr {
  // \frac12 and \frac124: one digit above, the rest below.
  if (c.is('number') && /^\d{2,}$/.test(c.token.text)) {
    const digits = c.next().text;
    return quotient(num(BigInt(digits[0]!)), num(BigInt(digits.slice(1))));
  }
  const top = argument(c);
  return quotient(top, argument(c));
}

/** a/b, as one number where both are integers. */
function quotient(top: Expr, bottom: Expr): Expr {
  const whole = (x: Expr) => x.kind === 'num' && x.value.d === 1n && !x.decimal && x.base === undefined;
  if (top.kind === 'num' && bottom.kind === 'num' && whole(top) && whole(bottom)) {
    const value = rational(top.value.n, bottom.value.n);
    if (value !== undefined) return num(value);
  }
  return differentials(top, bottom) ?? call('Div', top, bottom);
}

function parseRoot(c: Cursor): Expr {
  if (!c.take('[')) return call('Root', rootArgument(c), num(2));
  const index = c.rules.expression(c);
  c.expect(']');
  return call('Root', rootArgument(c), index);
}

/** \sqrt3 and \sqrt 12 take the whole number, \sqrt(x+1) the bracket. */
function rootArgument(c: Cursor): Expr {
  const inner = argument(c);
  if (isCall(inner, 'Tuple') || isUnordered(inner)) throw new Error('a list under a root');
  return inner;
}
