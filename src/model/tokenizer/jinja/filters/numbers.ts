import { bind, integer } from '../values/arguments.ts';
import { arithmetic } from '../values/arithmetic.ts';
import { isNumeric, plainNumber } from '../values/compare.ts';
import { iterate } from '../values/items.ts';
import { fixed } from '../values/printf.ts';
import { strip } from '../values/strip.ts';
import { type Named, TemplateError, typeName, Undefined, Unsupported, type Value } from '../values/values.ts';
import { attributeReader, type Filter } from './options.ts';

/** Filters that give numbers. */

function abs(value: Value): Value {
  if (!isNumeric(value)) throw new TemplateError(`bad operand type for abs(): '${typeName(value)}'`);
  const number = plainNumber(value);
  return number < 0 ? -number : number;
}

function round(value: Value, args: readonly Value[], named: Named): Value {
  const [precision, method = 'common'] = bind('round', ['precision', 'method'], args, named);
  const decimals = integer(precision, 0);
  if (!isNumeric(value)) throw new TemplateError(`type ${typeName(value)} doesn't define __round__ method`);
  const number = plainNumber(value);
  if (decimals < 0) throw new Unsupported('a negative precision of round');
  if (method === 'common') return typeof number === 'bigint' ? number : Number(fixed(number, decimals));
  if (method !== 'ceil' && method !== 'floor')
    throw new TemplateError('method must be common, ceil or floor');
  // Rounded, a number is an int in Python, which has no −0.
  return (Math[method](Number(number) * 10 ** decimals) + 0) / 10 ** decimals;
}

const wholeNumber = /^[+-]?\d+(?:_\d+)*$/;
const realNumber = /^[+-]?(?:\d+(?:_\d+)*(?:\.(?:\d+(?:_\d+)*)?)?|\.\d+(?:_\d+)*)(?:e[+-]?\d+)?$/i;

/** A number that Python's `float` reads; undefined for any other text. */
function real(value: Value): number | undefined {
  if (value instanceof Undefined) throw new TemplateError(`${value.what} is undefined`);
  if (isNumeric(value)) return Number(value);
  if (typeof value !== 'string') return undefined;
  const text = strip(value, 'strip');
  if (realNumber.test(text)) return Number(text.replaceAll('_', ''));
  const [, sign, word] = /^([+-]?)(inf|infinity|nan)$/i.exec(text) ?? [];
  if (word === undefined) return undefined;
  return word.toLowerCase() === 'nan' ? Number.NaN : sign === '-' ? -Infinity : Infinity;
}

function toInteger(value: Value, args: readonly Value[], named: Named): Value {
  const [otherwise = 0n, base] = bind('int', ['default', 'base'], args, named);
  if (base !== undefined && base !== 10n) throw new Unsupported('a base of int');
  if (typeof value === 'bigint') return value;
  const text = typeof value === 'string' ? strip(value, 'strip') : '';
  if (wholeNumber.test(text)) return BigInt(text.replaceAll('_', '').replace(/^\+/, ''));
  const number = real(value);
  return number === undefined || !Number.isFinite(number) ? otherwise : BigInt(Math.trunc(number));
}

export const numberFilters: ReadonlyMap<string, Filter> = new Map<string, Filter>([
  ['abs', abs],
  ['round', round],
  ['int', toInteger],
  [
    'float',
    (value, args, named) => {
      const [otherwise = 0] = bind('float', ['default'], args, named);
      return real(value) ?? otherwise;
    },
  ],
  [
    'sum',
    (value, args, named) => {
      const [attribute, start = 0n] = bind('sum', ['attribute', 'start'], args, named);
      const read = attribute == null ? (item: Value) => item : attributeReader(attribute);
      let total = start;
      for (const item of iterate(value)) total = arithmetic('+', total, read(item));
      return total;
    },
  ],
]);
