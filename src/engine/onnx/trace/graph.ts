import type { DType, HostTensor } from '../../engine.ts';

/**
 * A traced program as a graph of ONNX nodes. Nodes are plain objects that point at their inputs. Only the nodes that an
 * output depends on are ever visited, so unused ones drop out.
 */

/**
 * Element types inside a graph. int64 occurs only where ONNX demands it (shapes, axes), and never in an output. uint16
 * holds the bits of bfloat16, which onnxruntime for Node does not take as an input; the last four occur only in weights.
 */
export type ValueType = 'float32' | 'int32' | 'int64' | 'bool' | 'uint8' | 'int8' | 'uint16' | 'bfloat16';

/** ONNX's numbers for element types. */
export const typeCodes: Readonly<Record<ValueType, number>> = {
  float32: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int32: 6,
  int64: 7,
  bool: 9,
  bfloat16: 16,
};

/** The type in which a host tensor reaches a graph. */
export const typeInGraph = (dtype: DType): Exclude<ValueType, 'int64' | 'bfloat16'> =>
  dtype === 'bfloat16' ? 'uint16' : dtype;

export type ConstantData = HostTensor['data'] | BigInt64Array;

/** Where a value comes from. In a `uniform` value every element is the same number, which is stored once. */
type Source =
  /**
   * `fixed`: the same tensor in every call, which the session holds. `regrouped`: its half bytes in the order of
   * `neighbourHalves`.
   */
  | {
      readonly kind: 'input';
      readonly name: string;
      readonly fixed: boolean;
      readonly regrouped?: boolean;
    }
  | { readonly kind: 'constant'; readonly data: ConstantData }
  | { readonly kind: 'uniform'; readonly value: number }
  | { readonly kind: 'node'; readonly node: Node; readonly index: number };

export interface Value {
  readonly dtype: ValueType;
  readonly shape: readonly number[];
  readonly source: Source;
}

/** An attribute of an ONNX node: integers are plain numbers, floats are marked. */
export type Attribute = number | readonly number[] | string | { readonly float: number };

export interface Node {
  readonly op: string;
  /** '' for standard ONNX, 'com.microsoft' for onnxruntime's own ops. */
  readonly domain: string;
  readonly inputs: readonly (Value | undefined)[];
  readonly attributes: Readonly<Record<string, Attribute>>;
  readonly outputs: readonly Value[];
}

export interface OutputSpec {
  readonly dtype: ValueType;
  readonly shape: readonly number[];
}

export interface NodeOptions {
  readonly attributes?: Readonly<Record<string, Attribute>>;
  readonly domain?: string;
}

export const sizeOf = (shape: readonly number[]): number => shape.reduce((product, dim) => product * dim, 1);

export const sameShape = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((dim, i) => dim === b[i]);

/** Adds a node with several outputs. */
export function nodes(
  op: string,
  inputs: readonly (Value | undefined)[],
  outputs: readonly OutputSpec[],
  { attributes = {}, domain = '' }: NodeOptions = {},
): readonly Value[] {
  const made: Value[] = [];
  const node: Node = { op, domain, inputs, attributes, outputs: made };
  for (const [index, { dtype, shape }] of outputs.entries()) {
    made.push({ dtype, shape, source: { kind: 'node', node, index } });
  }
  return made;
}

/** Adds a node with one output. */
export function node(
  op: string,
  inputs: readonly (Value | undefined)[],
  output: OutputSpec,
  options?: NodeOptions,
): Value {
  return nodes(op, inputs, [output], options)[0]!;
}

export const input = (name: string, dtype: ValueType, shape: readonly number[], fixed = false): Value => ({
  dtype,
  shape,
  source: { kind: 'input', name, fixed },
});

/**
 * A fixed input of half bytes with those of neighbours in a byte. The engine puts them in this order before the session
 * is opened. In the graph that would be several nodes, and onnxruntime keeps what it computes of each until all are done.
 */
export const regrouped = (value: Value): Value => ({
  ...value,
  source: { ...(value.source as Source & { readonly kind: 'input' }), regrouped: true },
});

export const constant = (data: ConstantData, dtype: ValueType, shape: readonly number[]): Value => ({
  dtype,
  shape,
  source: { kind: 'constant', data },
});

export const uniform = (value: number, dtype: ValueType, shape: readonly number[]): Value => ({
  dtype,
  shape,
  source: { kind: 'uniform', value },
});

/** A rank-0 constant. */
export const scalar = (value: number, dtype: ValueType): Value => uniform(value, dtype, []);

/** A vector of int64 numbers: the form in which ONNX takes shapes and axes. */
export const int64s = (values: readonly number[]): Value =>
  constant(BigInt64Array.from(values, BigInt), 'int64', [values.length]);

/** Casts unless the value already has the type. */
export function cast(value: Value, dtype: ValueType): Value {
  if (value.dtype === dtype) return value;
  const to = typeCodes[dtype];
  return node('Cast', [value], { dtype, shape: value.shape }, { attributes: { to } });
}

/** Gives a value another shape of the same size. A reshape of a reshape reads the original value. */
export function reshape(value: Value, shape: readonly number[]): Value {
  if (sameShape(value.shape, shape)) return value;
  if (value.source.kind === 'uniform') return uniform(value.source.value, value.dtype, shape);
  if (value.source.kind === 'constant') return constant(value.source.data, value.dtype, shape);
  const origin =
    value.source.kind === 'node' && value.source.node.op === 'Reshape' ? value.source.node.inputs[0]! : value;
  if (sameShape(origin.shape, shape)) return origin;
  return node('Reshape', [origin, int64s(shape)], { dtype: value.dtype, shape });
}

/** Broadcasts a value to a larger shape. */
export function expand(value: Value, shape: readonly number[]): Value {
  if (sameShape(value.shape, shape)) return value;
  if (value.source.kind === 'uniform') return uniform(value.source.value, value.dtype, shape);
  return node('Expand', [value, int64s(shape)], { dtype: value.dtype, shape });
}

/** Lists every node that the outputs depend on. A node comes after its inputs. */
export function topologicalOrder(outputs: readonly Value[]): Node[] {
  const order: Node[] = [];
  const seen = new Set<Node>();
  const stack: { node: Node; next: number }[] = [];
  const enter = (value: Value | undefined) => {
    if (value?.source.kind !== 'node' || seen.has(value.source.node)) return;
    seen.add(value.source.node);
    stack.push({ node: value.source.node, next: 0 });
  };
  for (const output of outputs) {
    enter(output);
    while (stack.length > 0) {
      const top = stack[stack.length - 1]!;
      if (top.next < top.node.inputs.length) {
        enter(top.node.inputs[top.next++]);
      } else {
        order.push(top.node);
        stack.pop();
      }
    }
  }
  return order;
}
