import { EngineError } from '../../../errors.ts';
import { messageTypes } from '../../../io/protobuf/message-types.ts';
import type { DimsOf } from './dynamic-axes.ts';
import {
  type Attribute,
  type ConstantData,
  int64s,
  type Node,
  sizeOf,
  topologicalOrder,
  typeCodes,
  type Value,
  type ValueType,
} from './graph.ts';

/** The part of onnx.proto3 (github.com/onnx/onnx) that traced graphs need. */
const ModelProto = messageTypes({
  ModelProto: {
    irVersion: ['int64', 1],
    producerName: ['string', 2],
    graph: ['GraphProto', 7],
    opsetImport: ['OperatorSetIdProto', 8, 'repeated'],
  },
  OperatorSetIdProto: { domain: ['string', 1], version: ['int64', 2] },
  GraphProto: {
    node: ['NodeProto', 1, 'repeated'],
    name: ['string', 2],
    initializer: ['TensorProto', 5, 'repeated'],
    input: ['ValueInfoProto', 11, 'repeated'],
    output: ['ValueInfoProto', 12, 'repeated'],
    valueInfo: ['ValueInfoProto', 13, 'repeated'],
  },
  NodeProto: {
    input: ['string', 1, 'repeated'],
    output: ['string', 2, 'repeated'],
    name: ['string', 3],
    opType: ['string', 4],
    attribute: ['AttributeProto', 5, 'repeated'],
    domain: ['string', 7],
  },
  AttributeProto: {
    name: ['string', 1],
    f: ['float', 2],
    i: ['int64', 3],
    s: ['bytes', 4],
    ints: ['int64', 8, 'repeated'],
    type: ['int32', 20],
  },
  TensorProto: {
    dims: ['int64', 1, 'repeated'],
    dataType: ['int32', 2],
    name: ['string', 8],
    rawData: ['bytes', 9],
    externalData: ['StringStringEntryProto', 13, 'repeated'],
    dataLocation: ['int32', 14],
  },
  StringStringEntryProto: { key: ['string', 1], value: ['string', 2] },
  ValueInfoProto: { name: ['string', 1], type: ['TypeProto', 2] },
  TypeProto: { tensorType: ['TypeProtoTensor', 1] },
  TypeProtoTensor: { elemType: ['int32', 1], shape: ['TensorShapeProto', 2] },
  TensorShapeProto: { dim: ['Dimension', 1, 'repeated'] },
  Dimension: { dimValue: ['int64', 1], dimParam: ['string', 2] },
}).of('ModelProto');

const attributeTypes = { float: 1, int: 2, string: 3, ints: 7 };

/** Prefix of output names, so that a program may return `w` as the gradient of its input `w`. */
export const OUTPUT_PREFIX = 'out:';

/** A graph input. A dimension that is a string is a symbol: its size may differ between calls. */
export interface GraphInput {
  readonly name: string;
  readonly dtype: ValueType;
  readonly dims: readonly (number | string)[];
}

/** Where a constant outside of the protobuf lies: in the file or buffer called `location`. */
export interface ExternalPlace {
  readonly location: string;
  readonly offset: number;
  readonly bytes: number;
}

/** A constant outside the protobuf, which may not exceed 2 GB. */
export interface ExternalConstant extends ExternalPlace {
  readonly name: string;
  readonly dtype: ValueType;
  readonly dims: readonly number[];
}

export interface GraphDescription {
  readonly name: string;
  readonly inputs: readonly GraphInput[];
  readonly externals: readonly ExternalConstant[];
  readonly outputs: Readonly<Record<string, Value>>;
  /** Dimensions of values that onnxruntime can't find by itself. */
  readonly dimsOf?: DimsOf | undefined;
}

/**
 * Serialises the nodes that the outputs depend on as an ONNX model: opset 20, or 26 where a node needs it, and
 * onnxruntime's contrib ops.
 */
export function serialise({ name, inputs, externals, outputs, dimsOf }: GraphDescription): {
  readonly bytes: Uint8Array;
  readonly nodeCount: number;
} {
  const writer = new GraphWriter();
  for (const node of topologicalOrder(Object.values(outputs))) writer.add(node);
  for (const [output, value] of Object.entries(outputs)) writer.addOutput(OUTPUT_PREFIX + output, value);
  const { ir, opset } = writer.needsBitCast ? { ir: 13, opset: 26 } : { ir: 10, opset: 20 };
  const message = {
    irVersion: ir,
    producerName: 'anneal',
    opsetImport: [
      { domain: '', version: opset },
      { domain: 'com.microsoft', version: 1 },
    ],
    graph: {
      name,
      node: largestFirst(writer.nodes, externals),
      initializer: [...writer.initializers, ...externals.map(externalTensor)],
      input: inputs.map(({ name, dtype, dims }) => valueInfo(name, dtype, dims)),
      valueInfo: dimsOf ? writer.shapes(dimsOf) : [],
      output: Object.entries(outputs).map(([name, { dtype }]) => ({
        name: OUTPUT_PREFIX + name,
        type: { tensorType: { elemType: typeCodes[dtype] } },
      })),
    },
  };
  return { bytes: ModelProto.encode(message).finish(), nodeCount: writer.nodes.length };
}

/** The names in a node's message. */
interface NodeMessage {
  readonly input: readonly string[];
  readonly [field: string]: unknown;
}

/**
 * Puts nodes that read constants first, those of the largest constants before others. onnxruntime sorts nodes itself,
 * and packs their constants in the order of the file; while it packs one, it holds that constant twice. So the most is
 * held twice when little else is packed.
 */
function largestFirst(nodes: readonly NodeMessage[], externals: readonly ExternalConstant[]): NodeMessage[] {
  const sizes = new Map(externals.map(({ name, bytes }) => [name, bytes]));
  const size = ({ input }: NodeMessage) => Math.max(0, ...input.map((name) => sizes.get(name) ?? 0));
  return [...nodes].sort((a, b) => size(b) - size(a));
}

/** Names values and collects the messages of nodes and initialisers. */
class GraphWriter {
  readonly nodes: NodeMessage[] = [];
  readonly initializers: object[] = [];
  needsBitCast = false;
  private readonly names = new Map<Value, string>();
  private readonly scalars = new Map<string, string>();

  add(node: Node): void {
    const inputs = node.inputs.map((value) => (value === undefined ? '' : this.nameOf(value)));
    const id = this.nodes.length;
    if (node.op === 'BitCast') this.needsBitCast = true;
    const outputs = node.outputs.map((value, i) => {
      const name = `${node.op}_${id}${i === 0 ? '' : `_${i}`}`;
      this.names.set(value, name);
      return name;
    });
    this.nodes.push({
      name: `${node.op}_${id}`,
      opType: node.op,
      domain: node.domain,
      input: inputs,
      output: outputs,
      attribute: Object.entries(node.attributes).map(([name, value]) => attribute(name, value)),
    });
  }

  addOutput(name: string, value: Value): void {
    this.nodes.push({
      name: `output_${name}`,
      opType: 'Identity',
      input: [this.nameOf(value)],
      output: [name],
    });
  }

  /** The dimensions of the nodes' outputs, as far as they are known. */
  shapes(dimsOf: DimsOf): object[] {
    return [...this.names].flatMap(([value, name]) => {
      const dims = dimsOf(value);
      return dims === undefined ? [] : [valueInfo(name, value.dtype, dims)];
    });
  }

  private nameOf(value: Value): string {
    const known = this.names.get(value);
    if (known !== undefined) return known;
    const name = this.define(value);
    this.names.set(value, name);
    return name;
  }

  private define(value: Value): string {
    switch (value.source.kind) {
      case 'input':
        return nameInGraph(value.source);
      case 'constant':
        return this.initializer(value.source.data, value.dtype, value.shape);
      case 'uniform':
        return this.defineUniform(value.source.value, value.dtype, value.shape);
      case 'node':
        throw new Error(`${value.source.node.op} is read before it is computed`);
    }
  }

  /** Stores a uniform constant as one scalar, and expands it where its full shape is needed. */
  private defineUniform(value: number, dtype: ValueType, shape: readonly number[]): string {
    const key = `${dtype}/${Object.is(value, -0) ? '-0' : value}`;
    let scalarName = this.scalars.get(key);
    if (scalarName === undefined) {
      scalarName = this.initializer(dataOf([value], dtype), dtype, []);
      this.scalars.set(key, scalarName);
    }
    if (shape.length === 0) return scalarName;
    if (sizeOf(shape) === 1) return this.initializer(dataOf([value], dtype), dtype, shape);
    const name = `Expand_${this.nodes.length}`;
    const input = [scalarName, this.nameOf(int64s(shape))];
    this.nodes.push({ name, opType: 'Expand', input, output: [name] });
    return name;
  }

  private initializer(data: ConstantData, dtype: ValueType, shape: readonly number[]): string {
    const name = `constant_${this.initializers.length}`;
    const rawData = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    this.initializers.push({ name, dims: shape, dataType: typeCodes[dtype], rawData });
    return name;
  }
}

/** The name of an input. A regrouped constant is another one. */
export const nameInGraph = ({ name, regrouped }: { readonly name: string; readonly regrouped?: boolean }) =>
  regrouped ? `${name}.regrouped` : name;

function dataOf(values: readonly number[], dtype: ValueType): ConstantData {
  switch (dtype) {
    case 'float32':
      return Float32Array.from(values);
    case 'int32':
      return Int32Array.from(values);
    case 'int64':
      return BigInt64Array.from(values, BigInt);
    case 'bool':
    case 'uint8':
      return Uint8Array.from(values);
    default:
      throw new EngineError(`the onnx engine has no ${dtype} constants`);
  }
}

function attribute(name: string, value: Attribute): object {
  if (typeof value === 'number') return { name, i: value, type: attributeTypes.int };
  if (typeof value === 'string') return { name, s: Buffer.from(value), type: attributeTypes.string };
  if ('float' in value) return { name, f: value.float, type: attributeTypes.float };
  return { name, ints: value, type: attributeTypes.ints };
}

function valueInfo(name: string, dtype: ValueType, dims: readonly (number | string)[]): object {
  const dim = dims.map((d) => (typeof d === 'number' ? { dimValue: d } : { dimParam: d }));
  return { name, type: { tensorType: { elemType: typeCodes[dtype], shape: { dim } } } };
}

function externalTensor({ name, dtype, dims, location, offset, bytes }: ExternalConstant): object {
  const entries = { location, offset: String(offset), length: String(bytes) };
  return {
    name,
    dims,
    dataType: typeCodes[dtype],
    dataLocation: 1,
    externalData: Object.entries(entries).map(([key, value]) => ({ key, value })),
  };
}
