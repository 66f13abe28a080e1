import type { CompileOptions, DynamicAxes, HostTensor, Named, ProgramFunction } from '../../engine.ts';
import { type ProgramView, programView } from '../../program-view.ts';
import * as tf from '../../tfjs.ts';
import { polynomialText, type Sizes, termAt, termOf, tracedSizes } from './axis-sizes.ts';
import { generalise } from './dynamic-axes.ts';
import { input, topologicalOrder, typeInGraph, type Value } from './graph.ts';
import {
  type ExternalPlace,
  type GraphDescription,
  type GraphInput,
  nameInGraph,
  serialise,
} from './model-proto.ts';
import type { SizeSource } from './shape-expressions.ts';
import type { TraceBackend } from './trace-backend.ts';

/** The dynamic axes of a program for these inputs. Those of inputs that a call lacks don't count. */
function axesOf(
  inputs: Named<HostTensor>,
  { dynamicAxes = {} }: Pick<CompileOptions, 'dynamicAxes'>,
): DynamicAxes {
  const all = typeof dynamicAxes === 'function' ? dynamicAxes(inputs) : dynamicAxes;
  return Object.fromEntries(Object.entries(all).filter(([name]) => name in inputs));
}

/**
 * Makes a key of the inputs' shapes and types, with symbols for dynamic axes. Calls with the same key share a session.
 */
export function shapeKey(inputs: Named<HostTensor>, options: CompileOptions): string {
  const axes = axesOf(inputs, options);
  return Object.keys(inputs)
    .sort()
    .map((name) => {
      const { shape, dtype } = inputs[name]!;
      return `${name}:${dtype[0]}${shape.map((dim, axis) => axes[name]?.[axis] ?? dim)}`;
    })
    .join(' ');
}

/** A constant that a graph reads. */
export interface GraphConstant extends HostTensor {
  /** Whether the graph wants it in the order of `neighbourHalves`. */
  readonly regrouped: boolean;
}

/** A traced program: its graph, and the constants that the graph reads, by their names there. */
export interface TracedProgram {
  readonly graph: Omit<GraphDescription, 'externals'>;
  readonly constants: Named<GraphConstant>;
}

/** Traces a program for inputs of these shapes. */
export function traceProgram(
  fn: ProgramFunction,
  inputs: Named<HostTensor>,
  options: CompileOptions,
): TracedProgram {
  const { name, constants = {} } = options;
  const axes = axesOf(inputs, options);
  const symbols = [
    ...new Set(
      Object.values(axes).flatMap((sizes) => Object.values(sizes).flatMap((size) => termOf(size).symbols)),
    ),
  ];
  const placeholders = { all: { ...inputs, ...constants }, fixed: new Set(Object.keys(constants)), axes };
  const traceAt = (sizes: Sizes) => ({ outputs: trace(fn, placeholders, sizes), sizes });
  const traces = symbols.length === 0 ? [traceAt({})] : tracedSizes(symbols).map(traceAt);
  const graph = symbols.length === 0 ? traces[0]! : generalise(name, traces, sizeSources(inputs, axes));
  const graphInputs: GraphInput[] = Object.entries(inputs).map(([input, { dtype, shape }]) => ({
    name: input,
    dtype: typeInGraph(dtype),
    dims: shape.map((dim, axis) => {
      const size = axes[input]?.[axis];
      return size === undefined ? dim : polynomialText([termOf(size)]);
    }),
  }));
  return {
    graph: { name, inputs: graphInputs, ...graph },
    constants: constantsRead(Object.values(graph.outputs), constants),
  };
}

/** The constants that outputs depend on, by their names in the graph. */
function constantsRead(outputs: readonly Value[], constants: Named<HostTensor>): Named<GraphConstant> {
  const read = [...outputs, ...topologicalOrder(outputs).flatMap(({ inputs }) => inputs)];
  return Object.fromEntries(
    read.flatMap((value) => {
      if (value?.source.kind !== 'input' || !value.source.fixed) return [];
      const { name, regrouped = false } = value.source;
      return [[nameInGraph(value.source), { ...constants[name]!, regrouped }] as const];
    }),
  );
}

/** Serialises the graph of a traced program whose constants lie in these places. */
export function buildGraph({ graph, constants }: TracedProgram, places: Named<ExternalPlace>) {
  const externals = Object.entries(constants).map(([name, { dtype, shape }]) => ({
    name,
    dtype: typeInGraph(dtype),
    dims: shape,
    ...places[name]!,
  }));
  return serialise({ ...graph, externals });
}

function sizeSources(inputs: Named<HostTensor>, axes: DynamicAxes): SizeSource {
  return Object.entries(axes).flatMap(([name, sizes]) => {
    const { dtype, shape } = inputs[name]!;
    const value = input(name, typeInGraph(dtype), shape);
    return Object.entries(sizes).map(([axis, size]) => ({ input: value, axis: Number(axis), size }));
  });
}

/** What a program is traced with. */
interface Placeholders {
  /** Inputs and constants. */
  readonly all: Named<HostTensor>;
  /** Names of the constants. */
  readonly fixed: ReadonlySet<string>;
  readonly axes: DynamicAxes;
}

/** Runs the program once with placeholders and returns the graph's values of its outputs. */
function trace(fn: ProgramFunction, { all, fixed, axes }: Placeholders, sizes: Sizes): Record<string, Value> {
  const backend = tf.backend() as TraceBackend;
  const values: Record<string, Value> = {};
  tf.tidy(() => {
    const placeholders = Object.fromEntries(
      Object.entries(all).map(([name, { dtype, shape }]) => {
        const dims = shape.map((dim, axis) => {
          const size = axes[name]?.[axis];
          return size === undefined ? dim : termAt(termOf(size), sizes);
        });
        const value = input(name, typeInGraph(dtype), dims, fixed.has(name));
        return [name, tensorOf(backend, value, programView({ dtype, shape: dims }))];
      }),
    );
    const outputs = fn(placeholders);
    for (const [name, tensor] of Object.entries(outputs)) values[name] = backend.valueBehind(tensor.dataId);
    // tfjs keeps the results of a gradient computation (`tf.keep`), so `tf.tidy` does not dispose them.
    tf.dispose(outputs);
  });
  return values;
}

function tensorOf(backend: TraceBackend, value: Value, view: ProgramView): tf.Tensor {
  const { dataId, shape, dtype } = backend.adopt(value, view);
  return tf.engine().makeTensorFromDataId(dataId, shape, dtype, backend);
}
