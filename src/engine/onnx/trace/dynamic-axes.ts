import { EngineError } from '../../../errors.ts';
import type { Sizes } from './axis-sizes.ts';
import {
  type ConstantData,
  cast,
  type Node,
  node,
  reshape,
  scalar,
  sizeOf,
  topologicalOrder,
  type Value,
} from './graph.ts';
import { ShapeExpressions, type SizeSource } from './shape-expressions.ts';

/** One trace of a program, with the sizes at which it was traced. */
export interface SizedTrace {
  readonly outputs: Readonly<Record<string, Value>>;
  readonly sizes: Sizes;
}

/** A traced graph that serves all sizes. */
export interface GeneralTrace {
  readonly outputs: Readonly<Record<string, Value>>;
  /** Shapes as far as they are known: onnxruntime reuses memory where it sees that two are the same. */
  readonly dimsOf: DimsOf;
}

/**
 * Makes a traced graph independent of some input sizes. It changes the first trace in place. The others have other
 * sizes (`tracedSizes`).
 *
 * All traces must have the same ops. A constant that differs between them must be a shape or a number that is a
 * polynomial of the sizes (`polynomialThrough`), or numbers that count up. The graph then computes it from its inputs.
 * @throws EngineError naming the op that depends on a size in any other way.
 */
export function generalise(
  program: string,
  traces: readonly SizedTrace[],
  sources: SizeSource,
): GeneralTrace {
  const shapes = new ShapeExpressions(
    traces.map(({ sizes }) => sizes),
    sources,
  );
  const general = (values: readonly Value[], where: string): Value => {
    const [value, ...twins] = values as [Value, ...Value[]];
    if (twins.every((twin) => sameConstant(value, twin))) return value;
    const made = generalConstant(values, shapes);
    if (made === undefined) throw bakedIn(program, where);
    return made;
  };
  const dims = new Map<Value, readonly (number | string)[]>();
  for (const [each, ...twins] of nodesAlike(program, traces)) {
    const inputs = each.inputs as (Value | undefined)[];
    for (const [slot, value] of inputs.entries()) {
      if (value === undefined) continue;
      inputs[slot] = general([value, ...twins.map((twin) => twin.inputs[slot]!)], `a constant of ${each.op}`);
    }
    for (const [k, output] of each.outputs.entries()) {
      const known = shapes.texts([each, ...twins].map(({ outputs }) => outputs[k]!.shape));
      if (known && !ofLongAttention(known)) dims.set(output, known);
    }
  }
  const outputs = Object.keys(traces[0]!.outputs).map((name) => {
    const values = traces.map((trace) => trace.outputs[name]!);
    return [name, general(values, `output "${name}"`)] as const;
  });
  return { outputs: Object.fromEntries(outputs), dimsOf: (value) => dims.get(value) };
}

/**
 * Tells whether a value belongs to attention in blocks: it has four axes or more, and a length among them that is
 * compiled in. Every block has another shape, and onnxruntime keeps a buffer for the next value that it sees to have
 * the same, for as long as that takes: all blocks' scores would be in memory together. Of a shape that it does not know
 * it frees the buffer at once.
 */
const ofLongAttention = (dims: readonly (number | string)[]): boolean =>
  dims.length >= 4 && dims.slice(2).some((dim) => typeof dim === 'number' && dim > LONGEST_HEAD);

/** No head is wider. */
const LONGEST_HEAD = 256;

/** The nodes of all traces, those in the same place together. @throws EngineError when they are not the same ops. */
function nodesAlike(program: string, traces: readonly SizedTrace[]): [Node, ...Node[]][] {
  const orders = traces.map(({ outputs }) => topologicalOrder(Object.values(outputs)));
  const [order, ...rest] = orders as [Node[], ...Node[][]];
  if (rest.some((other) => other.length !== order.length)) throw bakedIn(program, 'the ops themselves');
  return order.map((node, i) => {
    const twins = rest.map((other) => other[i]!);
    if (twins.some((twin) => twin.op !== node.op || attributesOf(twin) !== attributesOf(node))) {
      throw bakedIn(program, `op ${i}, ${node.op},`);
    }
    return [node, ...twins];
  });
}

/** The dimensions of a value of a program with dynamic axes, as numbers and texts; undefined where they are not known. */
export type DimsOf = (value: Value) => readonly (number | string)[] | undefined;

const attributesOf = ({ attributes }: { readonly attributes: object }): string => JSON.stringify(attributes);

const bakedIn = (program: string, what: string): EngineError =>
  new EngineError(`program "${program}": ${what} depends on the size of a dynamic axis`);

function sameConstant(a: Value, b: Value): boolean {
  if (a.source.kind === 'uniform' && b.source.kind === 'uniform') {
    return Object.is(a.source.value, b.source.value) && String(a.shape) === String(b.shape);
  }
  if (a.source.kind !== 'constant' || b.source.kind !== 'constant') return a.source.kind === b.source.kind;
  return String(a.shape) === String(b.shape) && sameData(a.source.data, b.source.data);
}

const sameData = (a: ConstantData, b: ConstantData): boolean =>
  a.length === b.length && a.every((value: number | bigint, i: number) => Object.is(value, b[i]));

/**
 * Returns a value that replaces constants that differ between the traces: a computed shape, one number (which may be a
 * size) expanded to a computed shape, or numbers that count up to a computed one. Returns undefined when there is none.
 */
function generalConstant(values: readonly Value[], shapes: ShapeExpressions): Value | undefined {
  const [{ dtype, shape, source }] = values as [Value];
  /** A size as an int32 number. No other type may hold one: a float would be a divisor, which the loss takes as an input. */
  const size = (numbers: readonly number[]): Value | undefined => {
    const computed = dtype === 'int32' ? shapes.of(numbers.map((each) => [each])) : undefined;
    return computed && int32Scalar(computed);
  };
  if (source.kind === 'uniform') {
    const numbers = values.map((value) =>
      value.source.kind === 'uniform' ? value.source.value : Number.NaN,
    );
    const number = numbers.every((each) => each === numbers[0]) ? scalar(source.value, dtype) : size(numbers);
    const dims = shapes.of(values.map((value) => value.shape));
    if (number === undefined || dims === undefined) return undefined;
    return shape.length === 0 ? number : node('Expand', [number, dims], { dtype, shape });
  }
  const data = values.map((value) => (value.source.kind === 'constant' ? value.source.data : undefined));
  if (data.some((d) => d === undefined)) return undefined;
  if (dtype === 'int64') return shapes.of(data.map((d) => Array.from(d!, Number)));
  return dtype === 'int32' ? counting(values, data as ConstantData[], shapes) : undefined;
}

/** Numbers that begin alike and go up by the same step: start, start + step, … in the shape of the values. */
function counting(
  values: readonly Value[],
  data: readonly ConstantData[],
  shapes: ShapeExpressions,
): Value | undefined {
  const [start, step] = [Number(data[0]![0]), Number(data[0]![1]) - Number(data[0]![0])];
  const counts = (numbers: ConstantData) =>
    numbers.every((number: number | bigint, i: number) => Number(number) === start + i * step);
  if (!data.every(counts)) return undefined;
  const ends = shapes.of(data.map(({ length }) => [start + length * step]));
  const dims = shapes.of(values.map(({ shape }) => shape));
  if (ends === undefined || dims === undefined) return undefined;
  const { dtype, shape } = values[0]!;
  const bounds = [scalar(start, dtype), int32Scalar(ends), scalar(step, dtype)];
  const range = node('Range', bounds, {
    dtype,
    shape: [sizeOf(shape)],
  });
  return shape.length === 1 ? range : node('Reshape', [range, dims], { dtype, shape });
}

/** An int64 vector of one number as an int32 scalar. */
const int32Scalar = (vector: Value): Value => reshape(cast(vector, 'int32'), []);
