import { bind, integer } from '../values/arguments.ts';
import { equal, order } from '../values/compare.ts';
import { iterate, length, sizedItems, truth } from '../values/items.ts';
import { str } from '../values/show.ts';
import {
  isDict,
  isList,
  type Named,
  Stream,
  TemplateError,
  Tuple,
  typeName,
  Undefined,
  type Value,
} from '../values/values.ts';
import { attributeReader, type Filter, withoutCase } from './options.ts';

/** Filters of lists and dicts. Those that give streams, as in Jinja, work on items when they are asked for. */

/** What items are compared by. */
function keyOf(attribute: Value | undefined, caseSensitive: Value): (item: Value) => Value {
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

function unique(value: Value, args: readonly Value[], named: Named): Value {
  const [caseSensitive = false, attribute] = bind('unique', ['case_sensitive', 'attribute'], args, named);
  const key = keyOf(attribute, caseSensitive);
  return new Stream(
    (function* () {
      const seen: Value[] = [];
      for (const item of iterate(value)) {
        const own = key(item);
        if (isList(own) || isDict(own)) throw new TemplateError(`unhashable type: '${typeName(own)}'`);
        if (seen.some((other) => equal(other, own))) continue;
        seen.push(own);
        yield item;
      }
    })(),
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

function* batches(value: Value, size: number, fill: Value | undefined): Generator<Value> {
  let batch: Value[] = [];
  for (const item of iterate(value)) {
    if (batch.length === size) {
      yield batch;
      batch = [];
    }
    batch.push(item);
  }
  if (batch.length === 0) return;
  if (fill != null) while (batch.length < size) batch.push(fill);
  yield batch;
}

function* slices(value: Value, count: number, fill: Value | undefined): Generator<Value> {
  const items = [...iterate(value)];
  const [size, longer] = [Math.floor(items.length / count), items.length % count];
  for (let slice = 0, start = 0; slice < count; slice++) {
    const end = start + size + (slice < longer ? 1 : 0);
    yield [...items.slice(start, end), ...(fill != null && slice >= longer ? [fill] : [])];
    start = end;
  }
}

function reversed(value: Value): Value {
  if (typeof value === 'string') return [...value].reverse().join('');
  return new Stream([...iterate(value)].reverse());
}

function last(value: Value): Value {
  if (value instanceof Stream) throw new TemplateError("'generator' object is not reversible");
  const items = sizedItems(value) ?? [...iterate(value)];
  return items.length > 0 ? items.at(-1)! : new Undefined('the last item of an empty list');
}

function* pairs(value: Value): Generator<Value> {
  if (value instanceof Undefined) return;
  if (!isDict(value)) throw new TemplateError('Can only get item pairs from a mapping.');
  for (const pair of value) yield new Tuple(pair);
}

const count: Filter = (value) => BigInt(length(value));
const otherwise: Filter = (value, args, named) => {
  const [instead = '', boolean = false] = bind('default', ['default_value', 'boolean'], args, named);
  return value instanceof Undefined || (truth(boolean) && !truth(value)) ? instead : value;
};

export const listFilters: ReadonlyMap<string, Filter> = new Map<string, Filter>([
  ['length', count],
  ['count', count],
  ['default', otherwise],
  ['d', otherwise],
  ['list', (value) => [...iterate(value)]],
  ['sort', sort],
  ['dictsort', dictSort],
  ['unique', unique],
  ['min', extreme('min', (sign) => sign < 0)],
  ['max', extreme('max', (sign) => sign > 0)],
  ['groupby', groupBy],
  ['reverse', reversed],
  ['last', last],
  ['items', (value) => new Stream(pairs(value))],
  [
    'first',
    (value) => {
      const next = iterate(value)[Symbol.iterator]().next();
      return next.done === true ? new Undefined('No first item, sequence was empty.') : next.value;
    },
  ],
  [
    'join',
    (value, args, named) => {
      const [by = '', attribute] = bind('join', ['d', 'attribute'], args, named);
      const read = attribute == null ? (item: Value) => item : attributeReader(attribute);
      return [...iterate(value)].map((item) => str(read(item))).join(str(by));
    },
  ],
  [
    'batch',
    (value, args, named) => {
      const [size, fill] = bind('batch', ['linecount', 'fill_with'], args, named);
      return new Stream(batches(value, integer(size, 1), fill));
    },
  ],
  [
    'slice',
    (value, args, named) => {
      const [size, fill] = bind('slice', ['slices', 'fill_with'], args, named);
      return new Stream(slices(value, integer(size, 1), fill));
    },
  ],
]);
