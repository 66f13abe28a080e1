import { SPACE, strip } from '../values/strip.ts';
import { TemplateError } from '../values/values.ts';
import { literal } from './literal.ts';
import type { Token } from './token.ts';

/**
 * Cuts a template into tokens, by the rules of Jinja's lexer with trim_blocks and lstrip_blocks: the newline after a
 * block or comment goes, and so do the spaces before one that begins a line.
 */

const space = `[${SPACE}]`;
const begin = new RegExp(`\\{%([-+]?)${space}*raw${space}*(?:-%\\}${space}*|%\\})|\\{([{%#])([-+]?)`, 'gu');
const endComment = new RegExp(`\\+#\\}|-#\\}${space}*|#\\}\\n?`, 'gu');
const endRaw = new RegExp(`\\{%([-+]?)${space}*endraw${space}*(?:\\+%\\}|-%\\}${space}*|%\\}\\n?)`, 'gu');
const ends = {
  write: new RegExp(`-\\}\\}${space}*|\\}\\}`, 'uy'),
  block: new RegExp(`\\+%\\}|-%\\}${space}*|%\\}\\n?`, 'uy'),
};
const between = new RegExp(`${space}+`, 'uy');

/** @throws TemplateError for what is no template. */
export function tokenize(template: string): Token[] {
  const source = template.replace(/\r\n|\r/g, '\n').replace(/\n$/, '');
  const tokens: Token[] = [];
  let at = 0;
  let lineStarts = true;
  const data = (text: string) => {
    if (text !== '') tokens.push({ type: 'data', text });
  };
  const next = (pattern: RegExp) => {
    pattern.lastIndex = at;
    return pattern.exec(source);
  };
  const until = (pattern: RegExp, what: string) => {
    const match = next(pattern);
    if (match === null) throw new TemplateError(`Missing end of ${what}`);
    return match;
  };
  const passed = (to: number) => {
    lineStarts = source[to - 1] === '\n';
    at = to;
  };
  for (let match = next(begin); match !== null; match = next(begin)) {
    const [whole, rawSign, kind, sign] = match;
    data(before(source.slice(at, match.index), rawSign ?? sign!, kind === '{', lineStarts));
    passed(match.index + whole.length);
    if (kind === undefined) {
      const end = until(endRaw, 'raw directive');
      data(before(source.slice(at, end.index), end[1]!, false, lineStarts));
      passed(end.index + end[0].length);
    } else if (kind === '#') {
      const end = until(endComment, 'comment tag');
      passed(end.index + end[0].length);
    } else {
      passed(inside(source, at, kind === '{' ? 'write' : 'block', tokens));
    }
  }
  data(source.slice(at));
  tokens.push({ type: 'end', text: 'end of template' });
  return tokens;
}

/** Text before a tag, without the white space that the tag takes away. */
function before(text: string, sign: string, writes: boolean, lineStarts: boolean): string {
  if (sign === '-') return strip(text, 'rstrip');
  if (sign === '+' || writes) return text;
  const line = text.lastIndexOf('\n') + 1;
  return (line > 0 || lineStarts) && strip(text.slice(line), 'rstrip') === '' ? text.slice(0, line) : text;
}

/** Adds the tokens of a tag, from after its beginning. Returns where it ends. */
function inside(source: string, start: number, kind: 'write' | 'block', tokens: Token[]): number {
  const open: string[] = [];
  tokens.push({ type: `begin ${kind}`, text: kind });
  for (let at = start; ; ) {
    const end = matchAt(ends[kind], source, at);
    if (end !== undefined && open.length === 0) {
      tokens.push({ type: `end ${kind}`, text: end });
      return at + end.length;
    }
    const skipped = matchAt(between, source, at);
    if (skipped !== undefined) {
      at += skipped.length;
      continue;
    }
    if (at >= source.length) throw new TemplateError(`a ${kind === 'write' ? '{{' : '{%'} is not closed`);
    const { token, length } = literal(source, at);
    if (token.type === 'operator') balance(open, token.text);
    tokens.push(token);
    at += length;
  }
}

function matchAt(pattern: RegExp, source: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(source)?.[0];
}

const closing: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' };

function balance(open: string[], operator: string): void {
  if (closing[operator] !== undefined) open.push(closing[operator]);
  else if (')]}'.includes(operator) && open.pop() !== operator)
    throw new TemplateError(`unexpected '${operator}'`);
}
