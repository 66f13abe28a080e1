import { isNumeric, plainNumber } from './compare.ts';
import { repr, str } from './show.ts';
import {
  isDict,
  isList,
  Range,
  TemplateError,
  Tuple,
  typeName,
  Undefined,
  Unsupported,
  type Value,
} from './values.ts';

const code = /%(?:\(([^)]*)\))?([-+ 0]*)(\d+)?(?:\.(\d+))?([a-zA-Z%])/g;

/** `template % values`: the codes s, r, d, i, u, x, X, o, f, F and c, with flags, width and precision. */
export function printf(template: string, values: Value): string {
  if (/%(?!(?:\([^)]*\))?[-+ 0]*\d*(?:\.\d+)?[a-zA-Z%])/.test(template))
    throw new TemplateError(`incomplete format: "${template}"`);
  const given = values instanceof Tuple ? values.items : [values];
  let next = 0;
  const text = template.replace(code, (_, name, flags: string, width, precision, kind: string) => {
    if (kind === '%') return '%';
    const value = name === undefined ? given[next++] : isDict(values) ? values.get(name) : undefined;
    if (value === undefined) throw new TemplateError(`not enough values for the format "${template}"`);
    return padded(signedText(kind, value, flags, precision), flags, Number(width ?? 0), isNumber(kind));
  });
  if (next < given.length && !mayBeLeft(values))
    throw new TemplateError('not all arguments converted during string formatting');
  return text;
}

/** What has items that a format may name, which it need not. */
const mayBeLeft = (values: Value): boolean =>
  isDict(values) || isList(values) || values instanceof Range || values instanceof Undefined;

const isNumber = (kind: string) => 'diuxXofF'.includes(kind);

function signedText(kind: string, value: Value, flags: string, precision: string | undefined): string {
  const text = converted(kind, value, precision);
  if (!isNumber(kind) || text.startsWith('-')) return text;
  return flags.includes('+') ? `+${text}` : flags.includes(' ') ? ` ${text}` : text;
}

function converted(kind: string, value: Value, precision: string | undefined): string {
  if (kind === 's' || kind === 'r' || kind === 'c') {
    const text = kind === 'r' ? repr(value) : character(kind, value);
    return precision === undefined ? text : [...text].slice(0, Number(precision)).join('');
  }
  if (!isNumber(kind)) throw new Unsupported(`the format %${kind}`);
  if (!isNumeric(value))
    throw new TemplateError(`%${kind} format: a real number is required, not ${typeName(value)}`);
  const number = plainNumber(value);
  if (kind === 'f' || kind === 'F') return fixed(Number(number), Number(precision ?? 6));
  if (precision !== undefined) throw new Unsupported(`the format %.${precision}${kind}`);
  return integer(kind, number);
}

function character(kind: string, value: Value): string {
  return kind === 'c' && typeof value === 'bigint' ? String.fromCodePoint(Number(value)) : str(value);
}

function integer(kind: string, number: bigint | number): string {
  if ('diu'.includes(kind)) return String(typeof number === 'bigint' ? number : BigInt(Math.trunc(number)));
  if (typeof number !== 'bigint')
    throw new TemplateError(`%${kind} format: an integer is required, not float`);
  const text = number.toString(kind === 'o' ? 8 : 16);
  return kind === 'X' ? text.toUpperCase() : text;
}

function padded(text: string, flags: string, width: number, number: boolean): string {
  const missing = width - [...text].length;
  if (missing <= 0) return text;
  if (flags.includes('-')) return text + ' '.repeat(missing);
  if (!flags.includes('0') || !number) return ' '.repeat(missing) + text;
  const sign = /^[-+ ]?/.exec(text)![0];
  return sign + '0'.repeat(missing) + text.slice(sign.length);
}

/** A number with so many decimals, half to even as Python rounds. */
export function fixed(value: number, decimals: number): string {
  if (!Number.isFinite(value)) throw new Unsupported('a number that is not finite in a format');
  const exact = Math.abs(value).toFixed(Math.min(100, decimals + 60));
  const cut = exact.length - (Math.min(100, decimals + 60) - decimals) - (decimals === 0 ? 1 : 0);
  const [kept, rest] = [exact.slice(0, cut), exact.slice(cut).replace('.', '')];
  const digits = BigInt(kept.replace('.', ''));
  const half = `5${'0'.repeat(rest.length - 1)}`;
  const up = rest > half || (rest === half && digits % 2n === 1n);
  const all = String(up ? digits + 1n : digits).padStart(decimals + 1, '0');
  const point = all.length - decimals;
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  return sign + all.slice(0, point) + (decimals === 0 ? '' : `.${all.slice(point)}`);
}
