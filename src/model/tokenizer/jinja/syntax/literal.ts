import { TemplateError, Unsupported } from '../values/values.ts';
import type { ValueToken } from './token.ts';

/** Tokens inside a tag, in the order in which they are tried. */
const rules: readonly (readonly [ValueToken['type'], RegExp])[] = [
  ['float', /(?<!\.)(?:\d+_)*\d+(?:(?:\.(?:\d+_)*\d+)?[eE][+-]?(?:\d+_)*\d+|\.(?:\d+_)*\d+)/y],
  ['integer', /0[bB](?:_?[01])+|0[oO](?:_?[0-7])+|0[xX](?:_?[\da-fA-F])+|[1-9](?:_?\d)*|0(?:_?0)*/y],
  ['name', /[\p{L}\p{N}\p{M}_]+/uy],
  ['text', /'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"/sy],
  ['operator', /\/\/|\*\*|==|!=|>=|<=|[-+/*%~[\](){}><=.:|,;]/y],
];

/** The token at a place, and its length. @throws TemplateError where there is none. */
export function literal(source: string, at: number): { readonly token: ValueToken; readonly length: number } {
  for (const [type, rule] of rules) {
    rule.lastIndex = at;
    const [text] = rule.exec(source) ?? [];
    if (text === undefined) continue;
    if (type === 'name' && /^[\p{N}\p{M}]/u.test(text))
      throw new TemplateError(`Invalid character in identifier "${text}"`);
    return {
      token: { type, text: type === 'text' ? unescaped(text.slice(1, -1)) : text },
      length: text.length,
    };
  }
  throw new TemplateError(`unexpected char ${JSON.stringify(source[at])} at ${at}`);
}

const simple: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  a: '\x07',
  b: '\b',
  f: '\f',
  v: '\v',
  '\\': '\\',
  "'": "'",
  '"': '"',
  '\n': '',
};

/** Escapes of a text, as Python reads them; an unknown one stays as it is. */
function unescaped(text: string): string {
  return text.replace(
    /\\(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|([0-7]{1,3})|(.))/gs,
    (whole, x?: string, u?: string, long?: string, octal?: string, other?: string) => {
      const hex = x ?? u ?? long;
      if (hex !== undefined) return character(Number.parseInt(hex, 16));
      if (octal !== undefined) return character(Number.parseInt(octal, 8));
      if (other === 'N') throw new Unsupported('the escape \\N{name}');
      if ('xuU'.includes(other!)) throw new TemplateError(`a truncated escape: ${whole}`);
      return simple[other!] ?? whole;
    },
  );
}

function character(code: number): string {
  if (code > 0x10ffff) throw new TemplateError('an escape beyond the characters that there are');
  return String.fromCodePoint(code);
}
