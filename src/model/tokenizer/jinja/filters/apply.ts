import { bind, text } from '../values/arguments.ts';
import { ownAttribute } from '../values/attributes.ts';
import { iterate, truth } from '../values/items.ts';
import { type Named, Stream, TemplateError, Undefined, Unsupported, type Value } from '../values/values.ts';
import { listFilters } from './lists.ts';
import { numberFilters } from './numbers.ts';
import { attributeReader, type Filter } from './options.ts';
import { tests } from './tests.ts';
import { textFilters } from './text.ts';

/** Filters that apply others to each item. */
const appliers: ReadonlyMap<string, Filter> = new Map<string, Filter>([
  ['map', (value, args, named) => new Stream(mapped(value, args, named))],
  ['select', choosing(true, false)],
  ['reject', choosing(false, false)],
  ['selectattr', choosing(true, true)],
  ['rejectattr', choosing(false, true)],
  [
    'attr',
    (value, args, named) => {
      const [name] = bind('attr', ['name'], args, named);
      const found = ownAttribute(value, text(name));
      return found === undefined ? new Undefined(`"${text(name)}"`) : found;
    },
  ],
]);

const filters = new Map([...textFilters, ...numberFilters, ...listFilters, ...appliers]);

/** Jinja's filters that are left out. */
const missing =
  'e escape filesizeformat forceescape pprint random striptags urlencode urlize wordwrap xmlattr'.split(' ');

/** `value | name(args)`. @throws TemplateError for a filter that there is not, Unsupported for one that is left out. */
export function filterValue(name: string, value: Value, args: readonly Value[], named: Named): Value {
  const filter = filters.get(name);
  if (filter !== undefined) return filter(value, args, named);
  if (missing.includes(name)) throw new Unsupported(`the filter "${name}"`);
  throw new TemplateError(`No filter named '${name}'.`);
}

/** `value is name(args)`. @throws as `filterValue`. */
export function testValue(name: string, value: Value, args: readonly Value[], named: Named): boolean {
  const test = tests.get(name);
  if (test !== undefined) return test(value, args, named);
  if (name === 'filter' || name === 'test') throw new Unsupported(`the test "${name}"`);
  throw new TemplateError(`No test named '${name}'.`);
}

/** `map('filter', args)` or `map(attribute='a.b', default=…)`. */
function* mapped(value: Value, args: readonly Value[], named: Named): Generator<Value> {
  if (!truth(value)) return;
  const apply = mapping(args, named);
  for (const item of iterate(value)) yield apply(item);
}

function mapping(args: readonly Value[], named: Named): (item: Value) => Value {
  const [name, ...rest] = args;
  if (name !== undefined) return (item) => filterValue(text(name), item, rest, named);
  const [attribute, otherwise] = bind('map', ['attribute', 'default'], [], named);
  if (attribute === undefined) throw new TemplateError('map requires a filter argument');
  return attributeReader(attribute, otherwise);
}

/** Keeps the items, or items whose attribute, pass a test or are true. */
function choosing(keep: boolean, byAttribute: boolean): Filter {
  return (value, args, named) => new Stream(chosen(value, args, named, { keep, byAttribute }));
}

function* chosen(
  value: Value,
  args: readonly Value[],
  named: Named,
  { keep, byAttribute }: { readonly keep: boolean; readonly byAttribute: boolean },
): Generator<Value> {
  if (!truth(value)) return;
  if (byAttribute && args.length === 0) throw new TemplateError('Missing parameter for attribute name');
  const read = byAttribute ? attributeReader(args[0]!) : (item: Value) => item;
  const [name, ...rest] = byAttribute ? args.slice(1) : args;
  for (const item of iterate(value)) {
    const own = read(item);
    const holds = name === undefined ? truth(own) : testValue(text(name), own, rest, named);
    if (holds === keep) yield item;
  }
}
