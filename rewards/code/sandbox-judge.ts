/**
 * Scripts for tests that are lines of JavaScript. Such a line runs among the program's own names, and must mean what
 * it says whatever the program has done to the built-in objects.
 */

/** Names that a test sees as they were before the program ran, whatever the program calls by them. */
export const judgeNames = ['assert', 'Array', 'JSON', 'Math', 'Number', 'Object', 'String'] as const;

/**
 * Makes what `judgeNames` stand for: (onFailure) => object. onFailure is called by each assertion of a test that fails,
 * so that it counts even where the error is caught or ends up in a promise that nobody waits for. The program has an
 * `assert` of its own, to use as it likes.
 */
export const sandboxJudge = `(onFailure) => {
  const { Array, Date, Error, JSON, Map, Math, Number, Object, Set, String } = globalThis;
  /** As Node's assert.deepEqual compares, but for primitives, which must be the same. */
  const same = (a, b) => {
    if (a === b || Object.is(a, b)) return true;
    if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
    if (Array.isArray(a) !== Array.isArray(b)) return false;
    for (const type of [Date, Map, Set]) if (a instanceof type !== b instanceof type) return false;
    if (a instanceof Date) return Object.is(a.getTime(), b.getTime());
    if (a instanceof Map) return a.size === b.size && [...a].every(([k, v]) => b.has(k) && same(v, b.get(k)));
    if (a instanceof Set) {
      const others = [...b];
      return a.size === b.size && [...a].every((x) => b.has(x) || others.some((y) => same(x, y)));
    }
    const keys = Object.keys(a);
    if (a.length !== b.length || keys.length !== Object.keys(b).length) return false;
    return keys.every((key) => Object.hasOwn(b, key) && same(a[key], b[key]));
  };
  const shown = (value) => (typeof value === 'object' ? JSON.stringify(value) : String(value));
  const assertions = (onFailure) => {
    const check = (holds, explain) => {
      if (holds) return;
      onFailure();
      throw new Error(explain());
    };
    const assert = (condition, message = 'assertion failed') => check(condition, () => message);
    assert.equal = assert.strictEqual = (a, b) => check(Object.is(a, b), () => shown(a) + ' is not ' + shown(b));
    assert.deepEqual = (a, b) => check(same(a, b), () => shown(a) + ' is not ' + shown(b));
    return assert;
  };
  globalThis.assert = assertions(() => {});
  const assert = assertions(onFailure);
  return { assert, Array, JSON, Math, Number, Object, String };
}`;

/**
 * Makes every property of the built-in objects constant: () => void. The program may add to them. Where instances
 * ordinarily get a property of the same name by assignment (toString, name), that still works.
 */
export const sandboxLock = `() => {
  const { Map, Object, Reflect, Set } = globalThis;
  const assignable = new Set(['constructor', 'message', 'name', 'toJSON', 'toLocaleString', 'toString', 'valueOf']);
  const hasParts = (value) =>
    (typeof value === 'object' && value !== null) || (typeof value === 'function' && 'prototype' in value);
  /** A constant that assignment to an object which inherits it covers. */
  const inherited = (owner, key, value) => ({
    get: () => value,
    set(own) {
      if (this !== owner) Object.defineProperty(this, key, { value: own, writable: true, enumerable: true, configurable: true });
    },
    configurable: false,
  });

  // What JSON.stringify would call if the program defined it.
  for (const { prototype } of [Object, Array]) Object.defineProperty(prototype, 'toJSON', { value: undefined, configurable: true });
  const owners = new Set(Object.getOwnPropertyNames(globalThis).map((name) => globalThis[name]).filter(hasParts));
  owners.delete(globalThis);
  for (const value of [[].values(), ''.matchAll(/a/g), new Map().keys(), new Set().keys()]) owners.add(value);
  for (const value of [function* () {}, async () => {}, async function* () {}]) owners.add(value);
  for (const owner of owners) {
    const properties = Object.getOwnPropertyDescriptors(owner);
    const isPrototype = properties.constructor?.value?.prototype === owner;
    for (const key of Reflect.ownKeys(properties)) {
      const property = properties[key];
      if (hasParts(property.value)) owners.add(property.value);
      if (!property.configurable) continue;
      if ('value' in property && isPrototype && (owner === Object.prototype || assignable.has(key))) {
        properties[key] = inherited(owner, key, property.value);
        continue;
      }
      property.configurable = false;
      if ('value' in property) property.writable = false;
    }
    Object.defineProperties(owner, properties);
    const parent = Object.getPrototypeOf(owner);
    if (parent !== null) owners.add(parent);
  }
}`;
