import type { Expression } from './nodes.ts';
import type { TokenStream } from './token-stream.ts';

/** How expressions inside of others are read. */
export interface Inner {
  readonly expression: (stream: TokenStream) => Expression;
  /** What stands in round brackets: an expression, or a tuple, which may be empty. */
  readonly inBrackets: (stream: TokenStream) => Expression;
}

/** A name or literal. */
export function primary(stream: TokenStream, inner: Inner): Expression {
  const { type, text } = stream.current;
  if (stream.is('operator', '[')) return list(stream, inner);
  if (stream.is('operator', '{')) return dict(stream, inner);
  if (!['name', 'text', 'integer', 'float'].includes(type) && !stream.is('operator', '('))
    stream.fail('expected an expression');
  stream.next();
  if (type === 'operator') {
    const found = inner.inBrackets(stream);
    stream.expect('operator', ')');
    return found;
  }
  if (type === 'name') return named(text);
  if (type === 'integer') return { type: 'const', value: BigInt(text.replaceAll('_', '')) };
  if (type === 'float') return { type: 'const', value: Number(text.replaceAll('_', '')) };
  let value = text;
  while (stream.is('text')) value += stream.next().text;
  return { type: 'const', value };
}

const constants = new Map([
  ['true', true],
  ['True', true],
  ['false', false],
  ['False', false],
  ['none', null],
  ['None', null],
]);

function named(name: string): Expression {
  const value = constants.get(name);
  return value === undefined ? { type: 'name', name } : { type: 'const', value };
}

function list(stream: TokenStream, { expression }: Inner): Expression {
  const items = listed(stream, '[', ']', () => expression(stream));
  return { type: 'list', items };
}

function dict(stream: TokenStream, { expression }: Inner): Expression {
  const pairs = listed(stream, '{', '}', () => {
    const key = expression(stream);
    stream.expect('operator', ':');
    return [key, expression(stream)] as const;
  });
  return { type: 'dict', pairs };
}

/** Things between brackets, with commas between them and perhaps one after the last. */
export function listed<T>(stream: TokenStream, open: string, close: string, one: () => T): T[] {
  stream.expect('operator', open);
  const items: T[] = [];
  while (!stream.is('operator', close)) {
    if (items.length > 0) stream.expect('operator', ',');
    if (stream.is('operator', close)) break;
    items.push(one());
  }
  stream.next();
  return items;
}
