/**
 * A copy of plain data whose objects and arrays can't be changed: assigning to a field, or sorting an array, throws a
 * TypeError. Functions and instances of classes stay as they are. One object met twice is copied once.
 */
export function frozenCopy<T>(value: T, seen: Map<object, unknown> = new Map()): T {
  if (typeof value !== 'object' || value === null || !isPlain(value)) return value;
  const before = seen.get(value);
  if (before !== undefined) return before as T;
  const copy = Array.isArray(value) ? copyArray(value, seen) : copyRecord(value, seen);
  return Object.freeze(copy) as T;
}

function copyArray(array: readonly unknown[], seen: Map<object, unknown>): unknown[] {
  const copy: unknown[] = [];
  seen.set(array, copy);
  for (const item of array) copy.push(frozenCopy(item, seen));
  return copy;
}

function copyRecord(record: object, seen: Map<object, unknown>): object {
  const copy: Record<string, unknown> = { ...record };
  seen.set(record, copy);
  for (const [key, item] of Object.entries(copy)) copy[key] = frozenCopy(item, seen);
  return copy;
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return Array.isArray(value) || prototype === Object.prototype || prototype === null;
}
