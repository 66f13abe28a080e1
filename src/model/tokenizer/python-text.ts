/** Methods of Python's `str` that templates call, where JavaScript's or the template library's own differ. */

/** What `str.isspace` holds to be white space: U+0085 and the separators U+001C to U+001F are, U+FEFF is not. */
const SPACE = '\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';

/** The text without such characters, of `chars` or white space, at its ends. */
export function strip(text: string, side: 'strip' | 'lstrip' | 'rstrip', chars?: string): string {
  const some = chars === undefined ? `[${SPACE}]` : `[${chars.replace(/[\\\]^-]/g, '\\$&')}]`;
  if (chars === '') return text;
  const left = side === 'rstrip' ? text : text.replace(new RegExp(`^${some}+`, 'u'), '');
  return side === 'lstrip' ? left : withoutEnd(left, new RegExp(some, 'u'));
}

/** One character after the other: a pattern for the end of a text is tried at each of its places. */
function withoutEnd(text: string, some: RegExp): string {
  const characters = [...text];
  while (characters.length > 0 && some.test(characters.at(-1)!)) characters.pop();
  return characters.join('');
}

/** The first letter large, the others small. */
export const capitalize = (text: string): string => {
  const [first = '', ...rest] = text;
  return first.toUpperCase() + rest.join('').toLowerCase();
};

/** The first letter of every run of letters large, the others small. */
export const title = (text: string): string => text.replace(/\p{L}+/gu, capitalize);

/** A value of the template language: its type by the library's name, and what it holds. */
export interface TemplateValue {
  readonly type: string;
  readonly value: unknown;
}

/** What Python's `str` makes of a value that a template writes. */
export function str(value: TemplateValue): string {
  return value.type === 'StringValue' ? String(value.value) : repr(value);
}

/** What Python's `repr` makes of a value: 'text', [1, 2], {'a': None}. */
function repr(item: TemplateValue): string {
  const { type, value } = item;
  if (type === 'StringValue') return quoted(String(value));
  if (type === 'BooleanValue') return value === true ? 'True' : 'False';
  if (type === 'NullValue') return 'None';
  if (type === 'ArrayValue') return `[${(value as TemplateValue[]).map(repr).join(', ')}]`;
  if (type !== 'ObjectValue') return String(item);
  const entries = [...(value as ReadonlyMap<string, TemplateValue>)];
  return `{${entries.map(([key, inner]) => `${quoted(key)}: ${repr(inner)}`).join(', ')}}`;
}

/** Text in single quotes, or in double ones where it holds single ones alone. */
function quoted(text: string): string {
  const mark = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escaped = text
    .replace(/\\/g, '\\\\')
    .replace(/\n/g, '\\n')
    .replace(/\r/g, '\\r')
    .replace(/\t/g, '\\t')
    .replaceAll(mark, `\\${mark}`);
  return `${mark}${escaped}${mark}`;
}
