import { bind, integer, text } from './values/arguments.ts';
import { dictKey } from './values/compare.ts';
import { iterate } from './values/items.ts';
import { strftime } from './values/strftime.ts';
import {
  Func,
  isDict,
  type Named,
  Namespace,
  Range,
  TemplateError,
  Unsupported,
  type Value,
} from './values/values.ts';

/** Functions that every template has: Jinja's, and those that transformers adds. */
export function globals(now: () => Date): ReadonlyMap<string, Value> {
  const functions: Readonly<Record<string, Func['call']>> = {
    range,
    dict,
    namespace: (args, named) => new Namespace(fields(args, named)),
    raise_exception: (args, named) => {
      const [message] = bind('raise_exception', ['message'], args, named);
      throw new TemplateError(String(message));
    },
    strftime_now: (args, named) => {
      const [format] = bind('strftime_now', ['format'], args, named);
      return strftime(now(), text(format));
    },
    ...Object.fromEntries(['lipsum', 'cycler', 'joiner'].map((name) => [name, () => unsupported(name)])),
  };
  return new Map(Object.entries(functions).map(([name, call]) => [name, new Func(name, call)]));
}

function unsupported(name: string): never {
  throw new Unsupported(`the function "${name}"`);
}

const range: Func['call'] = (args, named) => {
  if (named.size > 0 || args.length === 0 || args.length > 3)
    throw new TemplateError('range takes one to three arguments');
  const numbers = args.map((arg) => BigInt(integer(arg, 0)));
  const [start, stop, step = 1n] =
    numbers.length === 1 ? [0n, numbers[0]!] : (numbers as [bigint, bigint, bigint?]);
  if (step === 0n) throw new TemplateError('range() arg 3 must not be zero');
  return new Range(start, stop, step);
};

const dict: Func['call'] = (args, named) => {
  if (args.length > 1) throw new TemplateError('dict takes one argument and keywords');
  return new Map<Value, Value>([...(args[0] === undefined ? [] : entries(args[0])), ...named]);
};

function fields(args: readonly Value[], named: Named): Map<string, Value> {
  const all = dict(args, named) as ReadonlyMap<Value, Value>;
  for (const name of all.keys())
    if (typeof name !== 'string' || name.startsWith('_'))
      throw new TemplateError(`a namespace can't have the field ${String(name)}`);
  return new Map(all as ReadonlyMap<string, Value>);
}

/** A dict's entries, or pairs. */
function entries(value: Value): (readonly [Value, Value])[] {
  if (isDict(value)) return [...value];
  return [...iterate(value)].map((pair) => {
    const [key, inner, ...more] = iterate(pair);
    if (key === undefined || inner === undefined || more.length > 0)
      throw new TemplateError('a dict is made of pairs');
    return [dictKey(key), inner] as const;
  });
}
