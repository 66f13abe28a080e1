import { call, type Expr, isCall, negated } from '../algebra/expression.ts';
import { isInteger } from '../algebra/rational.ts';
import type { Cursor } from './cursor.ts';
import type { Factor } from './mixed-number.ts';
import { parseAtom } from './parse-atom.ts';

/** An atom with its powers, factorials, primes and percent signs. */
export function parsePower(c: Cursor): Factor {
  const { type } = c.token;
  const isFractionCommand = /^[dtc]?frac$/.test(c.token.text) && type === 'command';
  const digits = type === 'number' && !c.token.text.includes('.');
  let value = parseAtom(c);
  const bare = value;
  for (;;) {
    if (c.is('mark', '^')) value = parseSuperscript(c, value);
    else if (c.is('mark', '**')) {
      c.next();
      value = call('Pow', value, c.rules.unary(c));
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
