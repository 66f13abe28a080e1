import type { Operator } from '../values/arithmetic.ts';
import type { Comparison, Expression, Filter } from './nodes.ts';
import { filter, filtered, filters, postfix } from './postfix.ts';
import { type Inner, primary } from './primary.ts';
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
  else found = primary(stream, inner);
  found = postfix(stream, found, inner);
  return filters ? filtered(stream, found, inner) : found;
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

const inner: Inner = { expression, inBrackets: (stream) => tuple(stream, { empty: true }) };

/** The filters of a block's text: `| name(args) | …`, or `name(args) | …` where the first has no bar before it. */
export function blockFilters(stream: TokenStream, bare: boolean): Filter | undefined {
  return filters<Filter | undefined>(stream, bare ? filter(stream, undefined, inner) : undefined, inner);
}
