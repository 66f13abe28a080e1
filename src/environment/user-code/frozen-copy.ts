/**
 * A copy of plain data whose objects and arrays can't be changed: assigning to a field, or sorting an array, throws a TypeError.
 * Functions and instances of classes stay as they are. One object met twice is copied once.
 */
export function frozenCopy<T>(value: T, seen: Map<object, unknown> = new Map()): T {
  if (typeof value !== 'object' || value === null || !isPlain(value)) return value;
  const before = seen.get(value);
  if (before !== undefined) return before as T;
  const copy: unknown[] | Record<string, unknown> = Array.isArray(value) ? new Array(value.length) : {};
  seen.set(value, copy);
  for (const [key, item] of Object.entries(value)) {
    Object.defineProperty(copy, key, { value: frozenCopy(item, seen), enumerable: true });
  }
  return Object.freeze(copy) as T;
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return Array.isArray(value) || prototype === Object.prototype || prototype === null;
}
