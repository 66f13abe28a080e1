import {
  Func,
  isDict,
  isList,
  Marked,
  Namespace,
  Range,
  TemplateError,
  Tuple,
  typeName,
  Undefined,
  Unsupported,
  type Value,
  View,
} from './values.ts';

/** What Python's `str` makes of a value. @throws TemplateError for functions, whose text is an address. */
export function str(value: Value): string {
  if (typeof value === 'string') return value;
  if (value instanceof Marked) return value.text;
  return value instanceof Undefined ? '' : repr(value);
}

/** Text for a filter or method. @throws Unsupported for text that `safe` marked. */
export function plainText(value: Value): string {
  if (value instanceof Marked) throw new Unsupported('text marked as safe in a further step');
  return str(value);
}

/** What Python's `repr` makes of a value: 'text', [1, 2], {'a': None}. */
export function repr(value: Value): string {
  if (typeof value === 'string') return quoted(value);
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (value === null) return 'None';
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'number') return floatText(value);
  if (isList(value)) return `[${value.map(repr).join(', ')}]`;
  if (isDict(value)) return `{${pairs(value)}}`;
  if (value instanceof Tuple)
    return `(${value.items.map(repr).join(', ')}${value.items.length === 1 ? ',' : ''})`;
  if (value instanceof View) return `${value.kind}([${value.items.map(repr).join(', ')}])`;
  if (value instanceof Range) return rangeText(value);
  if (value instanceof Namespace) return `<Namespace {${pairs(value.fields)}}>`;
  if (value instanceof Undefined) return 'Undefined';
  if (value instanceof Func && value.text !== undefined) return value.text;
  if (value instanceof Marked) return `Markup(${quoted(value.text)})`;
  throw new TemplateError(`it writes a ${typeName(value)}, which has no text`);
}

const pairs = (dict: ReadonlyMap<Value, Value>): string =>
  [...dict].map(([key, inner]) => `${repr(key)}: ${repr(inner)}`).join(', ');

const rangeText = ({ bounds: [start, stop, step] }: Range): string =>
  `range(${start}, ${stop}${step === 1n ? '' : `, ${step}`})`;

/** A float as Python writes it: 1.0, 1e-05, 1e+16, inf. */
export function floatText(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0';
  const size = Math.abs(value);
  if (size >= 1e16 || size < 1e-4) {
    const [digits, exponent] = value.toExponential().split('e') as [string, string];
    return `${digits}e${exponent[0]}${exponent.slice(1).padStart(2, '0')}`;
  }
  const text = String(value);
  return text.includes('.') ? text : `${text}.0`;
}

/** Text in single quotes, or in double ones where it holds single ones alone. */
function quoted(text: string): string {
  const mark = text.includes("'") && !text.includes('"') ? '"' : "'";
  return mark + [...text].map((c) => (c === mark ? `\\${c}` : escaped(c))).join('') + mark;
}

const escapes: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** A character that Python does not print is its code. */
function escaped(character: string): string {
  if (escapes[character] !== undefined) return escapes[character];
  if (character === ' ' || !/[\p{C}\p{Z}]/u.test(character)) return character;
  const code = character.codePointAt(0)!;
  const hex = code.toString(16);
  if (code <= 0xff) return `\\x${hex.padStart(2, '0')}`;
  return code <= 0xffff ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
}
