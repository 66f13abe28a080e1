import { format } from 'node:util';

/** A value of the sandbox as its script encodes it; `parts` are indices of other nodes. */
interface Node {
  readonly kind: string;
  readonly text?: string;
  readonly flags?: string;
  readonly length?: number;
  readonly keys?: readonly string[];
  readonly parts?: readonly number[];
}

/** What Node's console.log would print for the values that the sandbox encoded. */
export function printed(encoded: string): string {
  const { roots, nodes } = JSON.parse(encoded) as { roots: number[]; nodes: Node[] };
  const values = nodes.map((node) => (makers[node.kind] ?? (() => node.text))(node));
  for (const [i, node] of nodes.entries()) {
    const parts = node.parts?.map((part) => values[part]) ?? [];
    fill(values[i], parts, node.keys);
  }
  return format(...roots.map((root) => values[root]));
}

/** Values without their parts, which may refer to them. */
const makers: Readonly<Record<string, (node: Node) => unknown>> = {
  undefined: () => undefined,
  null: () => null,
  boolean: ({ text }) => text === 'true',
  number: ({ text }) => Number(text),
  bigint: ({ text = '' }) => BigInt(text),
  symbol: ({ text }) => Symbol(text),
  function: ({ text }) => Object.defineProperty(() => {}, 'name', { value: text }),
  class: ({ text }) => Object.defineProperty(class {}, 'name', { value: text }),
  date: ({ text }) => new Date(Number(text)),
  regexp: ({ text = '', flags }) => new RegExp(text, flags),
  error: ({ text }) => Object.assign(new Error(text), { stack: text }),
  map: () => new Map(),
  set: () => new Set(),
  array: ({ text = '', length = 0 }) =>
    typedArrays.has(text) ? Reflect.construct(Reflect.get(globalThis, text), [length]) : new Array(length),
  object: ({ text }) => (text === undefined ? Object.create(null) : instanceOf(text)),
};

const typedArrays = new Set(
  ['Uint8Clamped', 'Int8', 'Uint8', 'Int16', 'Uint16', 'Int32', 'Uint32', 'Float32', 'Float64']
    .concat('BigInt64', 'BigUint64')
    .map((type) => `${type}Array`),
);

/** An object whose class has the name. */
function instanceOf(name: string): object {
  if (name === 'Object') return {};
  const type = Object.defineProperty(() => {}, 'name', { value: name });
  const prototype = Object.defineProperty({}, 'constructor', { value: type });
  Object.defineProperty(type, 'prototype', { value: prototype });
  return Object.create(prototype);
}

function fill(value: unknown, parts: readonly unknown[], keys: readonly string[] = []): void {
  if (value instanceof Set) for (const part of parts) value.add(part);
  else if (value instanceof Map) for (let i = 0; i < parts.length; i += 2) value.set(parts[i], parts[i + 1]);
  else if (Array.isArray(value) || ArrayBuffer.isView(value)) Object.assign(value, parts);
  else {
    const object = value as object;
    // Defined, not assigned: a key may be __proto__.
    for (const [i, key] of keys.entries()) {
      Object.defineProperty(object, key, { value: parts[i], enumerable: true, configurable: true });
    }
  }
}
