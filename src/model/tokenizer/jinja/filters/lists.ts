import { bind, integer } from '../values/arguments.ts';
import { equal } from '../values/compare.ts';
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
import { attributeReader, type Filter } from './options.ts';
import { keyOf, sortingFilters } from './sorting.ts';

/** Filters of lists and dicts. Those that give streams, as in Jinja, work on items when they are asked for. */

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
  ...sortingFilters,
  ['length', count],
  ['count', count],
  ['default', otherwise],
  ['d', otherwise],
  ['list', (value) => [...iterate(value)]],
  ['unique', unique],
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
