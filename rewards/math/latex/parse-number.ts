import { type Expr, num } from '../algebra/expression.ts';
import { fromDecimal, integer, multiply, power, rational } from '../algebra/rational.ts';
import type { Cursor } from './cursor.ts';
import { subscriptText } from './parse-scripts.ts';

/**
 * A number: 12, .5, 1.5E3, 0.1\overline{6}, 101_2.
 * @throws Error when it is absurdly large.
 */
export function parseNumber(c: Cursor): Expr {
  const { text } = c.next();
  const [digits = '', exponent] = text.split('E');
  let value = fromDecimal(digits);
  if (exponent !== undefined) {
    const scale = power(integer(10), integer(BigInt(exponent)));
    const scaled = scale && multiply(value, scale);
    if (scaled === undefined) throw new Error('number out of range');
    value = scaled;
  }
  const plain = num(value, digits.includes('.'));
  if (digits.endsWith('.') || digits.includes('.')) {
    const repeating = repeatingTail(c, digits);
    if (repeating !== undefined) return repeating;
  }
  if (!c.is('mark', '_')) return plain;
  const subscript = subscriptText(c).replace(/[{}()]/g, '');
  const base = baseNames.indexOf(subscript.toLowerCase()) + 1 || Number(subscript);
  return Number.isInteger(base) && base >= 2 && base <= 36 && base !== 10 ? { ...plain, base } : plain;
}

/** Bases spelt out, one first: 101_{\text{two}}. */
const baseNames = [
  ...['one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight'],
  ...['nine', 'ten', 'eleven', 'twelve', 'thirteen', 'fourteen', 'fifteen', 'sixteen'],
];

/** 0.1\overline{6}: the digits under the bar repeat for ever. */
function repeatingTail(c: Cursor, digits: string): Expr | undefined {
  if (!c.is('command', 'overline') && !c.is('command', 'dot') && !c.is('command', 'bar')) return undefined;
  return c.attempt(() => {
    c.next();
    const braced = c.take('{');
    const { type, text } = c.next();
    if (type !== 'number' || text.includes('.')) throw new Error('no digits under the bar');
    if (braced) c.expect('}');
    const decimals = digits.split('.')[1]?.length ?? 0;
    const shift = 10n ** BigInt(decimals);
    const head = BigInt(digits.replace('.', '') || '0');
    const tail = rational(BigInt(text), 10n ** BigInt(text.length) - 1n)!;
    return num(rational(head * tail.d + tail.n, shift * tail.d)!);
  });
}
