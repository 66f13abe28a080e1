import { describe, expect, test } from 'vitest';
import { frozenCopy } from '../../../src/environment/user-code/frozen-copy.ts';

describe('a frozen copy', () => {
  test('equals what it copies, and is frozen at every depth', () => {
    const data = { id: 'a', list: [1, [2, { deep: null }]], none: undefined };
    const copy = frozenCopy(data);
    expect(copy).toStrictEqual(data);
    expect(copy).not.toBe(data);
    const deep = copy.list[1] as [number, object];
    for (const part of [copy, copy.list, deep, deep[1]]) expect(Object.isFrozen(part)).toBe(true);
    expect(Object.isFrozen(data.list)).toBe(false);
  });

  test('keeps an object that is met twice one object, a circle too', () => {
    const shared: { self?: object } = {};
    shared.self = shared;
    const [first, second] = frozenCopy([shared, shared]);
    expect(first).toBe(second);
    expect(first!.self).toBe(first);
  });

  test('takes a field called __proto__ as a field', () => {
    const copy = frozenCopy(JSON.parse('{"__proto__": {"a": [1]}, "b": 2}'));
    expect(Object.getPrototypeOf(copy)).toBe(Object.prototype);
    expect(Object.entries(copy)).toEqual([
      ['__proto__', { a: [1] }],
      ['b', 2],
    ]);
  });

  test('leaves functions and instances of classes as they are', () => {
    const data = { date: new Date(0), check: () => true, ids: Uint8Array.of(1) };
    const { date, check, ids } = frozenCopy(data);
    expect([date, check, ids].map((each, i) => each === Object.values(data)[i])).toEqual([true, true, true]);
  });
});
