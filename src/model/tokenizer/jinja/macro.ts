import { evaluate } from './evaluate.ts';
import { Scope } from './scope.ts';
import type { Block, Signature } from './syntax/nodes.ts';
import { Func, type Named, TemplateError, Tuple, Undefined, type Value } from './values/values.ts';

export interface MacroBody {
  readonly name: string;
  readonly signature: Signature;
  readonly body: Block;
  /** Where its free names are looked up. */
  readonly scope: Scope;
  readonly render: (body: Block, scope: Scope) => string;
}

/** A macro, or the body of a call block: a function that gives the text of its body. */
export function macro(definition: MacroBody): Func {
  const { name, body, render } = definition;
  const run: Func['call'] = (args, named) => render(body, argumentScope(definition, args, named));
  return new Func(name, run, name === 'caller' ? '<Macro anonymous>' : `<Macro '${name}'>`);
}

/** A macro that names `varargs`, `kwargs` or `caller` takes what belongs there; any other refuses it. */
function argumentScope(
  { name, signature, body, scope }: MacroBody,
  args: readonly Value[],
  named: Named,
): Scope {
  const { parameters, defaults } = signature;
  const inner = new Scope(scope);
  const left = new Map(named);
  if (args.length > parameters.length && !mentions(body, 'varargs'))
    throw new TemplateError(`macro '${name}' takes not more than ${parameters.length} argument(s)`);
  for (const [i, parameter] of parameters.entries()) {
    const byName = left.get(parameter);
    left.delete(parameter);
    if (args[i] !== undefined && byName !== undefined)
      throw new TemplateError(`macro '${name}' got multiple values for argument '${parameter}'`);
    const fallback = defaults[i - (parameters.length - defaults.length)];
    const given = args[i] === undefined ? byName : args[i];
    if (given !== undefined) inner.set(parameter, given);
    else if (fallback !== undefined) inner.set(parameter, evaluate(fallback, inner));
    else inner.set(parameter, new Undefined(`parameter '${parameter}'`));
  }
  if (mentions(body, 'caller')) {
    inner.set('caller', left.get('caller') ?? new Undefined('the caller'));
    left.delete('caller');
  }
  if (mentions(body, 'varargs')) inner.set('varargs', new Tuple(args.slice(parameters.length)));
  if (mentions(body, 'kwargs')) inner.set('kwargs', left);
  else if (left.size > 0)
    throw new TemplateError(`macro '${name}' takes no keyword argument '${[...left.keys()][0]}'`);
  return inner;
}

/** Whether a name occurs anywhere in a tree. */
function mentions(node: unknown, name: string): boolean {
  if (Array.isArray(node)) return node.some((inner) => mentions(inner, name));
  if (typeof node !== 'object' || node === null) return false;
  if ('type' in node && node.type === 'name' && 'name' in node && node.name === name) return true;
  return Object.values(node).some((inner) => mentions(inner, name));
}
