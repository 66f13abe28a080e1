import {
  Func,
  isDict,
  isList,
  Loop,
  Marked,
  Namespace,
  Range,
  Stream,
  TemplateError,
  Tuple,
  typeName,
  Undefined,
  type Value,
  View,
} from './values.ts';

/** Items of what has a number of them; undefined for anything else. */
export function sizedItems(value: Value): readonly Value[] | undefined {
  if (typeof value === 'string') return [...value];
  if (value instanceof Marked) return [...value.text];
  if (isList(value)) return value;
  if (isDict(value)) return [...value.keys()];
  if (value instanceof Tuple || value instanceof Range || value instanceof View) return value.items;
  return value instanceof Undefined ? [] : undefined;
}

/** Whether a value can be gone through. */
export const isIterable = (value: Value): boolean =>
  value instanceof Stream || value instanceof Loop || sizedItems(value) !== undefined;

/** Goes through a value. @throws TemplateError when it has no items. */
export function iterate(value: Value): Iterable<Value> {
  if (value instanceof Stream) {
    const { items } = value;
    return { [Symbol.iterator]: () => ({ next: () => items.next() }) };
  }
  const items = sizedItems(value);
  if (items === undefined) throw new TemplateError(`'${typeName(value)}' object is not iterable`);
  return items;
}

/** Python's `len`. @throws TemplateError when a value has none. */
export function length(value: Value): number {
  const items = value instanceof Loop ? value : sizedItems(value);
  if (items === undefined) throw new TemplateError(`object of type '${typeName(value)}' has no len()`);
  return items.length;
}

/** Python's `bool`. */
export function truth(value: Value): boolean {
  if (value === null || typeof value !== 'object') return Boolean(value);
  if (value instanceof Stream || value instanceof Namespace || value instanceof Func) return true;
  return length(value) > 0;
}

/** Whether a value has items by their place. */
export const isSequence = (value: Value): boolean =>
  typeof value === 'string' || isList(value) || value instanceof Tuple || value instanceof Range;

/** `value[start:stop:step]`. @throws TemplateError for what can't be sliced. */
export function slice(value: Value, bounds: readonly (Value | undefined)[]): Value {
  const numbers = bounds.map((bound) => {
    if (bound == null) return undefined;
    if (typeof bound === 'bigint') return Number(bound);
    if (typeof bound === 'boolean') return bound ? 1 : 0;
    throw new TemplateError('slice indices must be integers or None');
  });
  if (!isSequence(value)) throw new TemplateError(`'${typeName(value)}' object is not subscriptable`);
  const items = sizedItems(value)!;
  const picked = places(items.length, numbers).map((at) => items[at]!);
  if (typeof value === 'string') return picked.join('');
  if (value instanceof Tuple) return new Tuple(picked);
  if (value instanceof Range) throw new TemplateError('a range is sliced');
  return picked;
}

/** Places that a slice picks, as Python's `slice.indices`. */
function places(size: number, [start, stop, step = 1]: readonly (number | undefined)[]): number[] {
  if (step === 0) throw new TemplateError('slice step cannot be zero');
  const [low, high] = step > 0 ? [0, size] : [-1, size - 1];
  const within = (at: number) => Math.min(high, Math.max(low, at < 0 ? at + size : at));
  const from = start === undefined ? (step > 0 ? low : high) : within(start);
  const to = stop === undefined ? (step > 0 ? high : low) : within(stop);
  const picked: number[] = [];
  for (let at = from; step > 0 ? at < to : at > to; at += step) picked.push(at);
  return picked;
}
