import { TemplateError, Unsupported } from '../values/values.ts';
import { blockFilters, expression, tuple } from './expression.ts';
import type { Block, Expression, Signature, Statement, Target } from './nodes.ts';
import { targets } from './targets.ts';
import { TokenStream } from './token-stream.ts';
import { tokenize } from './tokens.ts';

/** The tree of a template. @throws TemplateError when it is malformed or has a statement that is not supported. */
export function parse(template: string): Block {
  const stream = new TokenStream(tokenize(template));
  const body = block(stream, []);
  return body;
}

/** Statements up to one of these names, which is left as the current token; up to the end where there are none. */
function block(stream: TokenStream, ends: readonly string[]): Block {
  const body: Statement[] = [];
  for (;;) {
    if (stream.is('data')) body.push({ type: 'text', text: stream.next().text });
    else if (stream.is('begin write')) {
      stream.next();
      body.push({ type: 'write', value: tuple(stream) });
      stream.expect('end write');
    } else if (stream.is('begin block')) {
      stream.next();
      if (ends.length > 0 && stream.is('name', ...ends)) return body;
      body.push(...statement(stream));
      stream.expect('end block');
    } else if (ends.length === 0) return body;
    else stream.fail(`expected ${ends.join(' or ')}`);
  }
}

/** The body of a statement, from the end of its tag on. */
function bodyOf(stream: TokenStream, ...ends: readonly string[]): Block {
  stream.skip('operator', ':');
  stream.expect('end block');
  return block(stream, ends);
}

/** A body up to its only end, which is passed. */
function closed(stream: TokenStream, end: string): Block {
  const body = bodyOf(stream, end);
  stream.next();
  return body;
}

const statements: Readonly<Record<string, (stream: TokenStream) => readonly Statement[]>> = {
  for: (stream) => [loop(stream)],
  if: (stream) => [condition(stream)],
  set: (stream) => [assignment(stream)],
  with: (stream) => [scope(stream)],
  macro: (stream) => {
    const name = stream.expect('name').text;
    return [{ type: 'macro', name, signature: signature(stream), body: closed(stream, 'endmacro') }];
  },
  call: (stream) => [callBlock(stream)],
  filter: (stream) => {
    const found = blockFilters(stream, true)!;
    return [{ type: 'filter block', filter: found, body: closed(stream, 'endfilter') }];
  },
  generation: (stream) => [{ type: 'generation', body: closed(stream, 'endgeneration') }],
  break: () => [{ type: 'break' }],
  continue: () => [{ type: 'continue' }],
  print: (stream) => {
    const values: Statement[] = [];
    while (!stream.is('end block')) {
      if (values.length > 0) stream.expect('operator', ',');
      values.push({ type: 'write', value: expression(stream) });
    }
    return values;
  },
};

const known = ['block', 'extends', 'include', 'import', 'from', 'autoescape'];

function statement(stream: TokenStream): readonly Statement[] {
  const name = stream.expect('name').text;
  const read = Object.hasOwn(statements, name) ? statements[name] : undefined;
  if (read !== undefined) return read(stream);
  if (known.includes(name)) throw new Unsupported(`the statement "${name}"`);
  throw new TemplateError(`Encountered unknown tag '${name}'`);
}

function loop(stream: TokenStream): Statement {
  const target = targets(stream, 'in');
  stream.expect('name', 'in');
  const over = tuple(stream, { choices: false, until: 'recursive' });
  const test = stream.skip('name', 'if') ? expression(stream) : undefined;
  const recursive = stream.skip('name', 'recursive');
  const body = bodyOf(stream, 'endfor', 'else');
  const otherwise = stream.next().text === 'else' ? closed(stream, 'endfor') : [];
  return { type: 'for', target, over, test, recursive, body, otherwise };
}

function condition(stream: TokenStream): Statement {
  const branches: { test: Expression; body: Block }[] = [];
  for (;;) {
    const test = tuple(stream, { choices: false });
    branches.push({ test, body: bodyOf(stream, 'elif', 'else', 'endif') });
    const { text } = stream.next();
    if (text === 'elif') continue;
    return { type: 'if', branches, otherwise: text === 'else' ? closed(stream, 'endif') : [] };
  }
}

function assignment(stream: TokenStream): Statement {
  const target = targets(stream, undefined, true);
  if (stream.skip('operator', '=')) return { type: 'set', target, value: tuple(stream) };
  const found = blockFilters(stream, false);
  return { type: 'set block', target, filter: found, body: closed(stream, 'endset') };
}

function scope(stream: TokenStream): Statement {
  const pairs: { target: Target; value: Expression }[] = [];
  while (!stream.is('end block')) {
    if (pairs.length > 0) stream.expect('operator', ',');
    const target = targets(stream);
    stream.expect('operator', '=');
    pairs.push({ target, value: expression(stream) });
  }
  return { type: 'with', pairs, body: closed(stream, 'endwith') };
}

function callBlock(stream: TokenStream): Statement {
  const given = stream.is('operator', '(') ? signature(stream) : { parameters: [], defaults: [] };
  const call = expression(stream);
  if (call.type !== 'call') stream.fail('expected call');
  return { type: 'call block', call, signature: given, body: closed(stream, 'endcall') };
}

function signature(stream: TokenStream): Signature {
  const parameters: string[] = [];
  const defaults: Expression[] = [];
  stream.expect('operator', '(');
  while (!stream.is('operator', ')')) {
    if (parameters.length > 0) stream.expect('operator', ',');
    parameters.push(stream.expect('name').text);
    if (stream.skip('operator', '=')) defaults.push(expression(stream));
    else if (defaults.length > 0) stream.fail('non-default argument follows default argument');
  }
  stream.next();
  return { parameters, defaults };
}
