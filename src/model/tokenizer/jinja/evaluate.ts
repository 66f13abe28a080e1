import { filterValue, testValue } from './filters/apply.ts';
import type { Scope } from './scope.ts';
import type { Arguments, Comparison, Expression } from './syntax/nodes.ts';
import { arithmetic, signed } from './values/arithmetic.ts';
import { attribute, subscript } from './values/attributes.ts';
import { contains, equal, order } from './values/compare.ts';
import { iterate, slice, truth } from './values/items.ts';
import { str } from './values/show.ts';
import {
  Func,
  isDict,
  Loop,
  TemplateError,
  Tuple,
  typeName,
  Undefined,
  Unsupported,
  type Value,
} from './values/values.ts';

/** The value of an expression. @throws TemplateError where Jinja fails, or we can't do what it does. */
export function evaluate(node: Expression, scope: Scope): Value {
  const at = (inner: Expression) => evaluate(inner, scope);
  switch (node.type) {
    case 'const':
      return node.value;
    case 'name':
      return scope.get(node.name);
    case 'list':
      return node.items.map(at);
    case 'tuple':
      return new Tuple(node.items.map(at));
    case 'dict':
      return new Map(node.pairs.map(([key, value]) => [literalKey(at(key)), at(value)]));
    case 'concat':
      return node.items.map((item) => str(at(item))).join('');
    case 'attribute':
      return attribute(at(node.of), node.name);
    case 'item':
      return subscript(at(node.of), at(node.at));
    case 'slice':
      return slice(
        at(node.of),
        node.bounds.map((bound) => bound && at(bound)),
      );
    case 'call': {
      const callee = at(node.callee);
      const { args, named } = givenArguments(node.args, scope);
      return call(callee, args, named);
    }
    case 'filter': {
      if (node.of === undefined) throw new TemplateError('a filter without a value');
      const value = at(node.of);
      const { args, named } = givenArguments(node.args, scope);
      return filterValue(node.name, value, args, named);
    }
    case 'test': {
      const value = at(node.of);
      const { args, named } = givenArguments(node.args, scope);
      return testValue(node.name, value, args, named);
    }
    case 'not':
      return !truth(at(node.of));
    case 'minus':
      return signed('-', at(node.of));
    case 'plus':
      return signed('+', at(node.of));
    case 'and': {
      const left = at(node.left);
      return truth(left) ? at(node.right) : left;
    }
    case 'or': {
      const left = at(node.left);
      return truth(left) ? left : at(node.right);
    }
    case 'arithmetic':
      return arithmetic(node.operator, at(node.left), at(node.right));
    case 'compare':
      return compared(node.first, node.rest, at);
    case 'choice':
      if (truth(at(node.test))) return at(node.yes);
      return node.no === undefined ? new Undefined('a choice without else') : at(node.no);
  }
}

/** Calls a function. @throws TemplateError when the value is none. */
export function call(callee: Value, args: readonly Value[], named: ReadonlyMap<string, Value>): Value {
  if (callee instanceof Func) return callee.call(args, named);
  if (callee instanceof Loop && named.size === 0) return callee.again(args);
  if (callee instanceof Undefined) throw new TemplateError(`${callee.what} is undefined`);
  throw new TemplateError(`'${typeName(callee)}' object is not callable`);
}

/** Arguments by place and by name. */
export function givenArguments(
  { positional, named, spread, namedSpread }: Arguments,
  scope: Scope,
): { readonly args: Value[]; readonly named: Map<string, Value> } {
  const args = positional.map((arg) => evaluate(arg, scope));
  const byName = new Map(named.map(([name, value]) => [name, evaluate(value, scope)]));
  if (byName.size < named.length) throw new TemplateError('an argument is given twice');
  if (spread !== undefined) args.push(...iterate(evaluate(spread, scope)));
  if (namedSpread !== undefined) {
    const more = evaluate(namedSpread, scope);
    if (!isDict(more)) throw new TemplateError('the argument after ** must be a dict');
    for (const [name, value] of more) {
      if (typeof name !== 'string') throw new TemplateError('keywords must be strings');
      if (byName.has(name)) throw new TemplateError(`"${name}" is given twice`);
      byName.set(name, value);
    }
  }
  return { args, named: byName };
}

/** A key of a dict that is written out. Keys that are equal though they differ, such as 1 and true, are refused. */
function literalKey(key: Value): Value {
  if (typeof key === 'string' || typeof key === 'bigint' || key === null) return key;
  throw new Unsupported(`a ${typeName(key)} as a key`);
}

/** `a < b < c` is `a < b and b < c`. */
function compared(
  first: Expression,
  rest: readonly { readonly operator: Comparison; readonly right: Expression }[],
  at: (node: Expression) => Value,
): boolean {
  let left = at(first);
  for (const { operator, right } of rest) {
    const value = at(right);
    if (!holds(operator, left, value)) return false;
    left = value;
  }
  return true;
}

function holds(operator: Comparison, left: Value, right: Value): boolean {
  switch (operator) {
    case '==':
      return equal(left, right);
    case '!=':
      return !equal(left, right);
    case 'in':
      return contains(right, left);
    case 'not in':
      return !contains(right, left);
    case '<':
      return order(left, right) < 0;
    case '<=':
      return order(left, right) <= 0;
    case '>':
      return order(left, right) > 0;
    case '>=':
      return order(left, right) >= 0;
  }
}
