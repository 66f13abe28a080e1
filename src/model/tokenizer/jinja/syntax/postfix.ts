import { Unsupported } from '../values/values.ts';
import type { Arguments, Expression, Filter } from './nodes.ts';
import { type Inner, listed, primary } from './primary.ts';
import type { TokenStream } from './token-stream.ts';

/** What follows a name or literal: attributes, items, calls, filters and tests. */

/** Attributes, items and calls. */
export function postfix(stream: TokenStream, start: Expression, inner: Inner): Expression {
  let found = start;
  for (;;) {
    if (stream.skip('operator', '.')) found = attribute(stream, found);
    else if (stream.skip('operator', '[')) found = subscript(stream, found, inner);
    else if (stream.is('operator', '('))
      found = { type: 'call', callee: found, args: callArguments(stream, inner) };
    else return found;
  }
}

function attribute(stream: TokenStream, of: Expression): Expression {
  const { type, text } = stream.next();
  if (type === 'name') return { type: 'attribute', of, name: text };
  if (type !== 'integer') stream.fail('expected name or number');
  return { type: 'item', of, at: { type: 'const', value: BigInt(text) } };
}

function subscript(stream: TokenStream, of: Expression, { expression }: Inner): Expression {
  const bounds: (Expression | undefined)[] = [];
  const part = () => (stream.is('operator', ':', ']', ',') ? undefined : expression(stream));
  bounds.push(part());
  while (bounds.length < 3 && stream.skip('operator', ':')) bounds.push(part());
  if (stream.is('operator', ',')) throw new Unsupported('an item named by several values');
  stream.expect('operator', ']');
  if (bounds.length > 1) return { type: 'slice', of, bounds };
  if (bounds[0] === undefined) stream.fail('expected an item');
  return { type: 'item', of, at: bounds[0] };
}

/** Filters, tests, and calls after them. */
export function filtered(stream: TokenStream, start: Expression, inner: Inner): Expression {
  let found = start;
  for (;;) {
    if (stream.is('operator', '|')) found = filters(stream, found, inner);
    else if (stream.skip('name', 'is')) found = test(stream, found, inner);
    else if (stream.is('operator', '('))
      found = { type: 'call', callee: found, args: callArguments(stream, inner) };
    else return found;
  }
}

/** `| name(args) | name …`, of an expression or of a block's text. */
export function filters<Of extends Expression | undefined>(
  stream: TokenStream,
  of: Of,
  inner: Inner,
): Of | Filter {
  let found: Of | Filter = of;
  while (stream.skip('operator', '|')) found = filter(stream, found, inner);
  return found;
}

/** `name(args)` of a filter. */
export function filter(stream: TokenStream, of: Expression | undefined, inner: Inner): Filter {
  const name = dotted(stream);
  const args = stream.is('operator', '(') ? callArguments(stream, inner) : noArguments;
  return { type: 'filter', of, name, args };
}

function dotted(stream: TokenStream): string {
  let name = stream.expect('name').text;
  while (stream.skip('operator', '.')) name += `.${stream.expect('name').text}`;
  return name;
}

/** `is not name(args)`, or `is name argument`. */
function test(stream: TokenStream, of: Expression, inner: Inner): Expression {
  const negated = stream.skip('name', 'not');
  const name = dotted(stream);
  let args = noArguments;
  if (stream.is('operator', '(')) args = callArguments(stream, inner);
  else if (beginsArgument(stream)) {
    if (stream.is('name', 'is')) stream.fail('You cannot chain multiple tests with is');
    args = { ...noArguments, positional: [postfix(stream, primary(stream, inner), inner)] };
  }
  const found: Expression = { type: 'test', of, name, args };
  return negated ? { type: 'not', of: found } : found;
}

function beginsArgument(stream: TokenStream): boolean {
  if (stream.is('name')) return !stream.is('name', 'else', 'or', 'and');
  return ['text', 'integer', 'float'].includes(stream.current.type) || stream.is('operator', '[', '{');
}

const noArguments: Arguments = { positional: [], named: [], spread: undefined, namedSpread: undefined };

function callArguments(stream: TokenStream, { expression }: Inner): Arguments {
  const positional: Expression[] = [];
  const byName: (readonly [string, Expression])[] = [];
  let spread: Expression | undefined;
  let namedSpread: Expression | undefined;
  const ensure = (holds: boolean) => {
    if (!holds) stream.fail('invalid syntax for function call expression');
  };
  listed(stream, '(', ')', () => {
    ensure(namedSpread === undefined);
    if (stream.skip('operator', '*')) {
      ensure(spread === undefined);
      spread = expression(stream);
    } else if (stream.skip('operator', '**')) namedSpread = expression(stream);
    else if (stream.is('name') && stream.follows('operator', '=')) {
      const name = stream.next().text;
      stream.next();
      byName.push([name, expression(stream)]);
    } else {
      ensure(spread === undefined && byName.length === 0);
      positional.push(expression(stream));
    }
  });
  return { positional, named: byName, spread, namedSpread };
}
