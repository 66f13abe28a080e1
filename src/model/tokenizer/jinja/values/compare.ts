import { iterate, sizedItems } from './items.ts';
import {
  isDict,
  isList,
  Marked,
  Namespace,
  Range,
  TemplateError,
  Tuple,
  typeName,
  Undefined,
  type Value,
  View,
} from './values.ts';

type Numeric = bigint | number | boolean;

export const isNumeric = (value: Value): value is Numeric =>
  typeof value === 'bigint' || typeof value === 'number' || typeof value === 'boolean';

/** A bool as the int that it is. */
export const plainNumber = (value: Numeric): bigint | number =>
  typeof value === 'boolean' ? (value ? 1n : 0n) : value;

const textOf = (value: Value): Value => (value instanceof Marked ? value.text : value);

/** Python's `==`. */
export function equal(one: Value, other: Value): boolean {
  const [a, b] = [textOf(one), textOf(other)];
  // biome-ignore lint/suspicious/noDoubleEquals: JavaScript compares bigint with number by their values
  if (isNumeric(a) && isNumeric(b)) return plainNumber(a) == plainNumber(b);
  if (isList(a) && isList(b)) return allEqual(a, b);
  if (a instanceof Tuple && b instanceof Tuple) return allEqual(a.items, b.items);
  if (a instanceof Range && b instanceof Range) return allEqual(a.items, b.items);
  if (a instanceof View && b instanceof View) return viewsEqual(a, b);
  if (isDict(a) && isDict(b))
    return a.size === b.size && [...a].every(([key, value]) => b.has(key) && equal(value, b.get(key)!));
  return a === b || (a instanceof Undefined && b instanceof Undefined);
}

const allEqual = (a: readonly Value[], b: readonly Value[]): boolean =>
  a.length === b.length && a.every((item, i) => equal(item, b[i]!));

/** Views are sets, but for those of values, of which each equals itself alone. */
function viewsEqual(a: View, b: View): boolean {
  if (a === b) return true;
  if (a.kind === 'dict_values' || b.kind === 'dict_values') return false;
  const [some, others] = [a.items, b.items];
  return some.length === others.length && some.every((item) => others.some((other) => equal(item, other)));
}

/** Which comes first: negative, 0 or positive, NaN for what can't be ordered. @throws TemplateError between types. */
export function order(one: Value, other: Value): number {
  const [a, b] = [textOf(one), textOf(other)];
  if (isNumeric(a) && isNumeric(b)) {
    const [x, y] = [plainNumber(a), plainNumber(b)];
    if (Number.isNaN(x) || Number.isNaN(y)) return Number.NaN;
    return x < y ? -1 : x > y ? 1 : 0;
  }
  if (typeof a === 'string' && typeof b === 'string') return orderOfTexts(a, b);
  if (isList(a) && isList(b)) return orderOfItems(a, b);
  if (a instanceof Tuple && b instanceof Tuple) return orderOfItems(a.items, b.items);
  throw new TemplateError(`'<' not supported between instances of '${typeName(a)}' and '${typeName(b)}'`);
}

/** Texts go by their code points, which are not JavaScript's units. */
function orderOfTexts(a: string, b: string): number {
  const [x, y] = [[...a], [...b]];
  const at = x.findIndex((character, i) => character !== y[i]);
  if (at < 0) return x.length - y.length;
  return y[at] === undefined ? 1 : x[at]!.codePointAt(0)! - y[at].codePointAt(0)!;
}

function orderOfItems(a: readonly Value[], b: readonly Value[]): number {
  const at = a.findIndex((item, i) => i >= b.length || !equal(item, b[i]!));
  if (at < 0) return a.length - b.length;
  return at >= b.length ? 1 : order(a[at]!, b[at]!);
}

/** Python's `in`. @throws TemplateError where it makes no sense. */
export function contains(container: Value, item: Value): boolean {
  const text = textOf(container);
  if (typeof text === 'string') {
    const part = textOf(item);
    if (typeof part === 'string') return text.includes(part);
    throw new TemplateError(`'in <string>' requires string as left operand, not ${typeName(item)}`);
  }
  if (isDict(text)) return text.has(dictKey(item));
  if (text instanceof Namespace) throw new TemplateError("argument of type 'Namespace' is not iterable");
  if (text instanceof View && text.kind === 'dict_keys') return text.dict.has(dictKey(item));
  for (const other of sizedItems(text) ?? iterate(text)) if (equal(other, item)) return true;
  return false;
}

/** A key of a dict. @throws TemplateError for values that none can be. */
export function dictKey(value: Value): Value {
  const key = textOf(value);
  if (typeof key === 'string' || typeof key === 'bigint' || key === null || key instanceof Undefined)
    return key;
  if (typeof key === 'boolean') return key ? 1n : 0n;
  if (typeof key === 'number') return Number.isInteger(key) ? BigInt(key) : key;
  throw new TemplateError(`unhashable type: '${typeName(key)}'`);
}
