import { bind, integer } from './arguments.ts';
import { dictKey, equal } from './compare.ts';
import { isSequence, sizedItems } from './items.ts';
import { format } from './text-format.ts';
import { textMethods } from './text-methods.ts';
import {
  type Dict,
  Func,
  isDict,
  isList,
  Loop,
  Marked,
  Namespace,
  TemplateError,
  Tuple,
  typeName,
  Undefined,
  Unsupported,
  type Value,
  View,
} from './values.ts';

/** `value.name` of Jinja: the attribute, else the item of that name. */
export function attribute(value: Value, name: string): Value {
  const own = ownAttribute(value, name);
  const found = own === undefined ? item(value, name) : own;
  return found === undefined ? new Undefined(`"${name}"`) : found;
}

/** `value[at]` of Jinja: the item, else the attribute of that name. */
export function subscript(value: Value, at: Value): Value {
  if (value instanceof Undefined) throw new TemplateError(`${value.what} is undefined`);
  const own = item(value, at);
  const found = own === undefined && typeof at === 'string' ? ownAttribute(value, at) : own;
  return found === undefined ? new Undefined(typeof at === 'string' ? `"${at}"` : 'an item') : found;
}

/** An attribute as Python has it; undefined where there is none. @throws TemplateError for attributes of nothing. */
export function ownAttribute(value: Value, name: string): Value | undefined {
  if (value instanceof Undefined) throw new TemplateError(`${value.what} is undefined`);
  if (name.startsWith('_')) return undefined;
  if (typeof value === 'string') return textMethod(value, name);
  if (isDict(value)) return dictMethod(value, name);
  if (isList(value) || value instanceof Tuple) return listMethod(value, name);
  if (value instanceof Namespace) return value.fields.get(name);
  if (value instanceof Loop) return value.field(name);
  if (value instanceof Marked) throw new Unsupported(`"${name}" of text marked as safe`);
  return foreign(value, name);
}

/** An item; undefined where there is none. */
function item(value: Value, at: Value): Value | undefined {
  if (isDict(value)) return value.get(dictKey(at));
  if (!isSequence(value) || (typeof at !== 'bigint' && typeof at !== 'boolean')) return undefined;
  return sizedItems(value)!.at(Number(at));
}

const changing = 'append clear extend insert pop popitem remove reverse setdefault sort update'.split(' ');
const others: Readonly<Record<string, string>> = {
  str: 'casefold encode expandtabs format_map isidentifier isprintable istitle maketrans translate',
  dict: 'fromkeys',
  int: 'as_integer_ratio bit_count bit_length conjugate denominator from_bytes imag numerator real to_bytes',
  float: 'as_integer_ratio conjugate fromhex hex imag is_integer real',
  range: 'count index start step stop',
  dict_items: 'isdisjoint mapping',
  dict_keys: 'isdisjoint mapping',
  dict_values: 'mapping',
  stream: 'close send throw',
  func: 'name arguments catch_kwargs catch_varargs caller explicit_caller',
};

/** Attributes that Python has and we don't are refused. */
function foreign(value: Value, name: string): undefined {
  const type = typeName(value);
  const known = others[typeof value === 'boolean' ? 'int' : type]?.split(' ') ?? [];
  if (known.includes(name)) throw new Unsupported(`${type}.${name}`);
  return undefined;
}

function textMethod(value: string, name: string): Value | undefined {
  if (name === 'format')
    return new Func(name, (args, named) =>
      format(value, args, named, (of, part, isItem) => (isItem ? itemOf(of, part) : attribute(of, part))),
    );
  const run = textMethods.get(name);
  return run === undefined ? foreign(value, name) : new Func(name, (args, named) => run(value, args, named));
}

const itemOf = (value: Value, part: string): Value =>
  subscript(value, /^\d+$/.test(part) ? BigInt(part) : part);

function dictMethod(dict: Dict, name: string): Value | undefined {
  if (name === 'items' || name === 'keys' || name === 'values')
    return new Func(name, (args, named) => {
      bind(`dict.${name}()`, [], args, named);
      return new View(`dict_${name}`, dict);
    });
  if (name === 'get')
    return new Func(name, (args, named) => {
      if (named.size > 0) throw new TemplateError('dict.get() takes no keyword arguments');
      const [key, otherwise = null] = bind('dict.get()', ['key', 'default'], args, named);
      if (key === undefined) throw new TemplateError('dict.get() needs a key');
      const found = dict.get(dictKey(key));
      return found === undefined ? otherwise : found;
    });
  if (name === 'copy') return new Func(name, () => dict);
  return unchanging(dict, name);
}

function listMethod(value: readonly Value[] | Tuple, name: string): Value | undefined {
  const items = sizedItems(value)!;
  if (name === 'copy' && isList(value)) return new Func(name, () => value);
  if (name === 'count')
    return new Func(name, ([one = null]) => BigInt(items.filter((other) => equal(other, one)).length));
  if (name === 'index')
    return new Func(name, ([one = null, start]) => {
      const at = items.findIndex((other, i) => i >= integer(start, 0) && equal(other, one));
      if (at < 0) throw new TemplateError('a value is not in the list');
      return BigInt(at);
    });
  const named = value instanceof Tuple ? value.names.indexOf(name) : -1;
  return named >= 0 ? items[named] : isList(value) ? unchanging(value, name) : undefined;
}

/** Methods that change a value are forbidden in chat templates. */
function unchanging(value: Value, name: string): Value | undefined {
  if (!changing.includes(name)) return foreign(value, name);
  return new Func(name, () => {
    throw new TemplateError(`${typeName(value)}.${name}() changes a value, which chat templates may not`);
  });
}
