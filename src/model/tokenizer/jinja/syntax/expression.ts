import type { Operator } from '../values/arithmetic.ts';
import { Unsupported } from '../values/values.ts';
import type { Arguments, Comparison, Expression, Filter } from './nodes.ts';
import type { TokenStream } from './token-stream.ts';

/** Expressions: a function for each level of precedence, from the lowest, as in Jinja's parser. */

/** An expression; `choices` allows `a if b else c`. */
export function expression(stream: TokenStream, choices = true): Expression {
  let found = or(stream);
  while (choices && stream.skip('name', 'if')) {
    const test = or(stream);
    const no = stream.skip('name', 'else') ? expression(stream) : undefined;
    found = { type: 'choice', test, yes: found, no };
  }
  return found;
}

function or(stream: TokenStream): Expression {
  let left = and(stream);
  while (stream.skip('name', 'or')) left = { type: 'or', left, right: and(stream) };
  return left;
}

function and(stream: TokenStream): Expression {
  let left = not(stream);
  while (stream.skip('name', 'and')) left = { type: 'and', left, right: not(stream) };
  return left;
}

function not(stream: TokenStream): Expression {
  return stream.skip('name', 'not') ? { type: 'not', of: not(stream) } : compare(stream);
}

const comparisons = ['==', '!=', '<', '<=', '>', '>='];

function compare(stream: TokenStream): Expression {
  const first = sum(stream);
  const rest: { operator: Comparison; right: Expression }[] = [];
  for (;;) {
    let operator: Comparison;
    if (stream.is('operator', ...comparisons)) operator = stream.next().text as Comparison;
    else if (stream.skip('name', 'in')) operator = 'in';
    else if (stream.is('name', 'not') && stream.follows('name', 'in')) {
      stream.next();
      stream.next();
      operator = 'not in';
    } else return rest.length === 0 ? first : { type: 'compare', first, rest };
    rest.push({ operator, right: sum(stream) });
  }
}

/** Operators of one level, which go from left to right. */
const level =
  (operators: readonly string[], operand: (stream: TokenStream) => Expression) =>
  (stream: TokenStream): Expression => {
    let left = operand(stream);
    while (stream.is('operator', ...operators)) {
      const operator = stream.next().text as Operator;
      left = { type: 'arithmetic', operator, left, right: operand(stream) };
    }
    return left;
  };

const power = level(['**'], (stream) => unary(stream));
const product = level(['*', '/', '//', '%'], power);
const sum = level(['+', '-'], concat);

/** `a ~ b` binds closer than `a + b`. */
function concat(stream: TokenStream): Expression {
  const items = [product(stream)];
  while (stream.skip('operator', '~')) items.push(product(stream));
  return items.length === 1 ? items[0]! : { type: 'concat', items };
}

/** A sign is closer than a filter: `-1 | abs` is 1. */
function unary(stream: TokenStream, filters = true): Expression {
  let found: Expression;
  if (stream.skip('operator', '-')) found = { type: 'minus', of: unary(stream, false) };
  else if (stream.skip('operator', '+')) found = { type: 'plus', of: unary(stream, false) };
  else found = primary(stream);
  found = postfix(stream, found);
  return filters ? filtered(stream, found) : found;
}

/** A name or literal. */
export function primary(stream: TokenStream): Expression {
  const { type, text } = stream.current;
  if (stream.is('operator', '[')) return list(stream);
  if (stream.is('operator', '{')) return dict(stream);
  if (!['name', 'text', 'integer', 'float'].includes(type) && !stream.is('operator', '('))
    stream.fail('expected an expression');
  stream.next();
  if (type === 'operator') {
    const inner = tuple(stream, { empty: true });
    stream.expect('operator', ')');
    return inner;
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

/** One expression, or a tuple of several without brackets of its own. */
export function tuple(
  stream: TokenStream,
  {
    choices = true,
    empty = false,
    until,
  }: { readonly choices?: boolean; readonly empty?: boolean; readonly until?: string } = {},
): Expression {
  const items: Expression[] = [];
  const ended = () =>
    stream.is('end write') ||
    stream.is('end block') ||
    stream.is('operator', ')') ||
    (until !== undefined && stream.is('name', until));
  let several = false;
  while (!ended()) {
    items.push(expression(stream, choices));
    if (!stream.skip('operator', ',')) break;
    several = true;
  }
  if (!several && items.length === 1) return items[0]!;
  if (!several && !empty) stream.fail('Expected an expression');
  return { type: 'tuple', items };
}

function list(stream: TokenStream): Expression {
  const items = listed(stream, '[', ']', () => expression(stream));
  return { type: 'list', items };
}

function dict(stream: TokenStream): Expression {
  const pairs = listed(stream, '{', '}', () => {
    const key = expression(stream);
    stream.expect('operator', ':');
    return [key, expression(stream)] as const;
  });
  return { type: 'dict', pairs };
}

/** Things between brackets, with commas between them and perhaps one after the last. */
function listed<T>(stream: TokenStream, open: string, close: string, one: () => T): T[] {
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

/** Attributes, items and calls. */
export function postfix(stream: TokenStream, start: Expression): Expression {
  let found = start;
  for (;;) {
    if (stream.skip('operator', '.')) found = attribute(stream, found);
    else if (stream.skip('operator', '[')) found = subscript(stream, found);
    else if (stream.is('operator', '(')) found = { type: 'call', callee: found, args: callArguments(stream) };
    else return found;
  }
}

function attribute(stream: TokenStream, of: Expression): Expression {
  const { type, text } = stream.next();
  if (type === 'name') return { type: 'attribute', of, name: text };
  if (type !== 'integer') stream.fail('expected name or number');
  return { type: 'item', of, at: { type: 'const', value: BigInt(text) } };
}

function subscript(stream: TokenStream, of: Expression): Expression {
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
function filtered(stream: TokenStream, start: Expression): Expression {
  let found = start;
  for (;;) {
    if (stream.is('operator', '|')) found = filters(stream, found);
    else if (stream.skip('name', 'is')) found = test(stream, found);
    else if (stream.is('operator', '(')) found = { type: 'call', callee: found, args: callArguments(stream) };
    else return found;
  }
}

/** `| name(args) | name …`, of an expression or of a block's text. */
export function filters<Of extends Expression | undefined>(stream: TokenStream, of: Of): Of | Filter {
  let found: Of | Filter = of;
  while (stream.skip('operator', '|')) found = filter(stream, found);
  return found;
}

/** `name(args)` of a filter. */
export function filter(stream: TokenStream, of: Expression | undefined): Filter {
  const name = dotted(stream);
  const args = stream.is('operator', '(') ? callArguments(stream) : noArguments;
  return { type: 'filter', of, name, args };
}

function dotted(stream: TokenStream): string {
  let name = stream.expect('name').text;
  while (stream.skip('operator', '.')) name += `.${stream.expect('name').text}`;
  return name;
}

/** `is not name(args)`, or `is name argument`. */
function test(stream: TokenStream, of: Expression): Expression {
  const negated = stream.skip('name', 'not');
  const name = dotted(stream);
  let args = noArguments;
  if (stream.is('operator', '(')) args = callArguments(stream);
  else if (beginsArgument(stream)) {
    if (stream.is('name', 'is')) stream.fail('You cannot chain multiple tests with is');
    args = { ...noArguments, positional: [postfix(stream, primary(stream))] };
  }
  const found: Expression = { type: 'test', of, name, args };
  return negated ? { type: 'not', of: found } : found;
}

function beginsArgument(stream: TokenStream): boolean {
  if (stream.is('name')) return !stream.is('name', 'else', 'or', 'and');
  return ['text', 'integer', 'float'].includes(stream.current.type) || stream.is('operator', '[', '{');
}

const noArguments: Arguments = { positional: [], named: [], spread: undefined, namedSpread: undefined };

function callArguments(stream: TokenStream): Arguments {
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
