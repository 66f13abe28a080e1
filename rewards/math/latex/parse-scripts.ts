import type { Expr } from '../algebra/expression.ts';
import type { Cursor } from './cursor.ts';

/** A subscript or superscript as an expression: ^{…}, or one number, letter or command. */
export function parseSubscriptExpression(c: Cursor): Expr {
  if (!c.take('{')) return c.rules.script(c);
  const inner = c.within({ bars: 0, noFunctions: false, differentials: false }, () => c.rules.list(c));
  c.expect('}');
  return inner;
}

/** Both scripts after a function or big operator, in either order. */
export function parseScripts(
  c: Cursor,
  parse: (c: Cursor) => Expr = parseSubscriptExpression,
): { above?: Expr; below?: Expr } {
  const scripts: { above?: Expr; below?: Expr } = {};
  for (;;) {
    if (scripts.below === undefined && c.take('_')) scripts.below = parse(c);
    else if (scripts.above === undefined && c.take('^')) scripts.above = parse(c);
    else return scripts;
  }
}

/** The text of a subscript, spaces and outer braces removed. */
export function subscriptText(c: Cursor): string {
  c.expect('_');
  if (!c.take('{')) return c.next().text;
  let text = '';
  for (let depth = 1; ; ) {
    const token = c.next();
    if (token.type === 'end') throw new Error('subscript without a closing brace');
    if (token.type === 'mark' && token.text === '{') depth++;
    if (token.type === 'mark' && token.text === '}' && --depth === 0) return text;
    text += token.type === 'command' ? `\\${token.text}` : token.text;
  }
}
