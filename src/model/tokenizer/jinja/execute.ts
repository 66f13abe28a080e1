import { call, evaluate, givenArguments } from './evaluate.ts';
import { filterValue } from './filters/apply.ts';
import { loopOver } from './loop.ts';
import { macro } from './macro.ts';
import { Output } from './output.ts';
import { Scope } from './scope.ts';
import type { Block, CallBlock, Filter, For, Statement, Target } from './syntax/nodes.ts';
import { iterate, truth } from './values/items.ts';
import { str } from './values/show.ts';
import { Namespace, TemplateError, typeName, type Value } from './values/values.ts';

/** What a block ends with before its end. */
type Jump = 'break' | 'continue' | undefined;

/** Runs a block. Names that it sets stay in `scope`. @throws TemplateError where Jinja fails. */
export function execute(body: Block, scope: Scope, output: Output): Jump {
  for (const statement of body) {
    const jump = run(statement, scope, output);
    if (jump !== undefined) return jump;
  }
  return undefined;
}

/** The text of a block with names of its own. */
function render(body: Block, scope: Scope): string {
  const output = new Output();
  if (execute(body, scope, output) !== undefined)
    throw new TemplateError('break or continue outside of a loop');
  return String(output);
}

function run(statement: Statement, scope: Scope, output: Output): Jump {
  switch (statement.type) {
    case 'text':
      output.write(statement.text);
      return undefined;
    case 'write':
      output.write(str(evaluate(statement.value, scope)));
      return undefined;
    case 'if': {
      const taken = statement.branches.find(({ test }) => truth(evaluate(test, scope)));
      return execute(taken?.body ?? statement.otherwise, scope, output);
    }
    case 'for':
      return repeat(statement, scope, output);
    case 'break':
    case 'continue':
      return statement.type;
    case 'set':
      assign(statement.target, evaluate(statement.value, scope), scope);
      return undefined;
    case 'set block': {
      const text = render(statement.body, new Scope(scope));
      assign(statement.target, filtered(statement.filter, text, scope), scope);
      return undefined;
    }
    case 'with': {
      const inner = new Scope(scope);
      for (const { target, value } of statement.pairs) assign(target, evaluate(value, scope), inner);
      return execute(statement.body, inner, output);
    }
    case 'macro': {
      const { name, signature, body } = statement;
      scope.set(name, macro({ name, signature, body, scope, render }));
      return undefined;
    }
    case 'call block':
      output.write(str(called(statement, scope)));
      return undefined;
    case 'filter block': {
      const text = render(statement.body, new Scope(scope));
      output.write(str(filtered(statement.filter, text, scope)));
      return undefined;
    }
    case 'generation':
      output.writeGenerated(render(statement.body, new Scope(scope)));
      return undefined;
  }
}

/** Text through the filters of a block. */
function filtered(filter: Filter | undefined, text: string, scope: Scope): Value {
  if (filter === undefined) return text;
  const value = filtered(filter.of as Filter | undefined, text, scope);
  const { args, named } = givenArguments(filter.args, scope);
  return filterValue(filter.name, value, args, named);
}

function called({ call: { callee, args: given }, signature, body }: CallBlock, scope: Scope): Value {
  const caller = macro({ name: 'caller', signature, body, scope, render });
  const { args, named } = givenArguments(given, scope);
  return call(evaluate(callee, scope), args, named.set('caller', caller));
}

/** Assigns to a name, a field of a namespace, or several of them. */
function assign(target: Target, value: Value, scope: Scope): void {
  if (target.type === 'name') {
    scope.set(target.name, value);
  } else if (target.type === 'field') {
    const namespace = scope.get(target.namespace);
    if (!(namespace instanceof Namespace))
      throw new TemplateError('cannot assign attribute on non-namespace object');
    if (target.name.startsWith('_')) throw new TemplateError(`can't set "${target.name}" of a namespace`);
    namespace.fields.set(target.name, value);
  } else {
    const values = [...iterate(value)];
    if (values.length !== target.items.length)
      throw new TemplateError(`${target.items.length} values are assigned, but there are ${values.length}`);
    for (const [i, item] of target.items.entries()) assign(item, values[i]!, scope);
  }
}

/** A loop. Each iteration has names of its own; what it sets is gone in the next. */
function repeat(statement: For, scope: Scope, output: Output, over?: Value, depth = 0): Jump {
  const items = chosen(statement, over ?? evaluate(statement.over, scope), scope);
  const loopAt = loopOver(items, depth, ([inner]) => {
    if (!statement.recursive || inner === undefined)
      throw new TemplateError('a loop that calls itself is marked recursive and given items');
    const text = new Output();
    repeat(statement, scope, text, inner, depth + 1);
    return String(text);
  });
  let completed = false;
  for (const [at, item] of items.entries()) {
    const inner = new Scope(scope);
    inner.set('loop', loopAt(at));
    assign(statement.target, item, inner);
    const jump = execute(statement.body, inner, output);
    if (jump === 'break') break;
    completed ||= jump === undefined;
  }
  // Jinja runs the else-branch where no iteration came to its end, those left by break and continue included.
  return completed ? undefined : execute(statement.otherwise, new Scope(scope), output);
}

/** The items that a loop goes through. */
function chosen({ target, test }: For, over: Value, scope: Scope): readonly Value[] {
  if (typeof over === 'object' && over !== null && 'fields' in over)
    throw new TemplateError(`'${typeName(over)}' object is not iterable`);
  const items = [...iterate(over)];
  if (test === undefined) return items;
  return items.filter((item) => {
    const inner = new Scope(scope);
    assign(target, item, inner);
    return truth(evaluate(test, inner));
  });
}
