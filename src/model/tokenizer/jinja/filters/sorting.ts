import { bind } from '../values/arguments.ts';
import { equal, order } from '../values/compare.ts';
import { iterate, truth } from '../values/items.ts';
import {
  isDict,
  type Named,
  TemplateError,
  Tuple,
  typeName,
  Undefined,
  type Value,
} from '../values/values.ts';
import { attributeReader, type Filter, withoutCase } from './options.ts';

/** Filters that compare items. */

/** What items are compared by. */
export function keyOf(attribute: Value | undefined, caseSensitive: Value): (item: Value) => Value {
  const read = attribute == null ? (item: Value) => item : attributeReader(attribute);
  return truth(caseSensitive) ? read : (item) => withoutCase(read(item));
}

/** Sorts as Python does: stable, in reverse too. */
function sorted(items: readonly Value[], key: (item: Value) => Value, reverse: boolean): Value[] {
  const keyed = items.map((item) => ({ item, key: key(item) }));
  if (reverse) keyed.reverse();
  keyed.sort((a, b) => order(a.key, b.key));
  if (reverse) keyed.reverse();
  return keyed.map(({ item }) => item);
}

function sort(value: Value, args: readonly Value[], named: Named): Value {
  const names = ['reverse', 'case_sensitive', 'attribute'];
  const [reverse = false, caseSensitive = false, attribute] = bind('sort', names, args, named);
  const parts = typeof attribute === 'string' ? attribute.split(',') : [attribute];
  const keys = parts.map((part) => keyOf(part, caseSensitive));
  return sorted([...iterate(value)], (item) => keys.map((key) => key(item)), truth(reverse));
}

function dictSort(value: Value, args: readonly Value[], named: Named): Value {
  const [caseSensitive = false, by = 'key', reverse = false] = bind(
    'dictsort',
    ['case_sensitive', 'by', 'reverse'],
    args,
    named,
  );
  if (by !== 'key' && by !== 'value') throw new TemplateError('dictsort goes by "key" or "value"');
  if (!isDict(value)) throw new TemplateError(`'${typeName(value)}' object has no attribute 'items'`);
  const key = keyOf(by === 'key' ? 0n : 1n, caseSensitive);
  return sorted(
    [...value].map((pair) => new Tuple(pair)),
    key,
    truth(reverse),
  );
}

const extreme =
  (name: string, better: (order: number) => boolean): Filter =>
  (value, args, named) => {
    const [caseSensitive = false, attribute] = bind(name, ['case_sensitive', 'attribute'], args, named);
    const key = keyOf(attribute, caseSensitive);
    const [first, ...rest] = iterate(value);
    if (first === undefined) return new Undefined('No aggregated item, sequence was empty');
    return rest.reduce((best, item) => (better(order(key(item), key(best))) ? item : best), first);
  };

function groupBy(value: Value, args: readonly Value[], named: Named): Value {
  const names = ['attribute', 'default', 'case_sensitive'];
  const [attribute = '', otherwise, caseSensitive = false] = bind('groupby', names, args, named);
  const read = attributeReader(attribute, otherwise);
  const key = truth(caseSensitive) ? read : (item: Value) => withoutCase(read(item));
  const groups: { key: Value; items: Value[] }[] = [];
  for (const item of sorted([...iterate(value)], key, false)) {
    const own = key(item);
    if (groups.length > 0 && equal(groups.at(-1)!.key, own)) groups.at(-1)!.items.push(item);
    else groups.push({ key: own, items: [item] });
  }
  return groups.map(({ items }) => new Tuple([read(items[0]!), items], ['grouper', 'list']));
}

export const sortingFilters: ReadonlyMap<string, Filter> = new Map<string, Filter>([
  ['sort', sort],
  ['dictsort', dictSort],
  ['min', extreme('min', (sign) => sign < 0)],
  ['max', extreme('max', (sign) => sign > 0)],
  ['groupby', groupBy],
]);
