/**
 * Script that gives programs their input and output: an expression of type
 * (host: { lines: string[], write(text), writeValues(encoded) }) => void.
 * console.info and debug write to stdout, as in Node; what Node writes to stderr is dropped.
 */
export const sandboxIo = String.raw`({ lines, write, writeValues }) => {
  const { Array, ArrayBuffer, Date, Error, JSON, Map, Object, RegExp, Set, String } = globalThis;
  /** Node looks at no more items of an array and no deeper levels of an object. */
  const MOST_ITEMS = 101;
  const DEEPEST = 2;

  /** The values as a table of nodes that refer to each other by index, so that cycles can be written. */
  const encode = (values) => {
    const found = [];
    const places = new Map();
    const add = (value, depth) => {
      const key = Object.is(value, -0) ? 'minus zero ' : value;
      if (!places.has(key)) places.set(key, found.push({ value, depth }) - 1);
      return places.get(key);
    };
    const roots = values.map((value) => add(value, 0));
    const nodes = [];
    for (let i = 0; i < found.length; i++) {
      const { value, depth } = found[i];
      nodes.push(node(value, (parts) => (depth > DEEPEST ? [] : Array.from(parts, (part) => add(part, depth + 1)))));
    }
    return JSON.stringify({ roots, nodes });
  };
  const node = (value, add) => {
    if (typeof value === 'symbol') return { kind: 'symbol', text: value.description };
    if (typeof value === 'function') return { kind: /^class\b/.test(String(value)) ? 'class' : 'function', text: String(value.name) };
    if (typeof value !== 'object') return { kind: typeof value, text: Object.is(value, -0) ? '-0' : String(value) };
    if (value === null) return { kind: 'null' };
    if (value instanceof Date) return { kind: 'date', text: String(value.getTime()) };
    if (value instanceof RegExp) return { kind: 'regexp', text: value.source, flags: value.flags };
    if (value instanceof Error) return { kind: 'error', text: String(value) };
    if (value instanceof Map) return { kind: 'map', parts: add(Array.from(value).flat(1)) };
    if (value instanceof Set) return { kind: 'set', parts: add(value) };
    const name = Object.getPrototypeOf(value) === null ? undefined : String(value.constructor?.name ?? 'Object');
    if (Array.isArray(value) || (ArrayBuffer.isView(value) && 'length' in value)) {
      return { kind: 'array', text: name, length: value.length, parts: add(Array.from(value).slice(0, MOST_ITEMS)) };
    }
    const keys = Object.keys(value);
    return { kind: 'object', text: name, keys, parts: add(keys.map((key) => value[key])) };
  };

  const plain = (values) =>
    values.every((value) => typeof value === 'string') && (values.length === 1 || !values[0]?.includes('%'));
  const log = (...values) => (plain(values) ? write(values.join(' ')) : writeValues(encode(values)));
  const quiet = () => {};
  globalThis.print = log;
  globalThis.console = { log, info: log, debug: log, error: quiet, warn: quiet, trace: quiet, assert: quiet };
  globalThis.readline = () => lines.shift();
  globalThis.readAll = () => lines.splice(0).join('\n');
}`;
