import { util } from '../../tfjs.ts';
import { cast, int64s, node, nodes, reshape, scalar, type Value } from '../trace/graph.ts';
import type { KernelAttributes, TraceKernel } from '../trace/trace-backend.ts';

/** Returns the axes of a reduction (all if none are given), and the shape of its result. */
function reducedShape(x: Value, attributes: KernelAttributes) {
  const given = (attributes.axis ?? attributes.reductionIndices) as number | number[];
  const axes = util.parseAxisParam(given, [...x.shape]);
  const keepDims = attributes.keepDims === true;
  const shape = keepDims
    ? x.shape.map((dim, i) => (axes.includes(i) ? 1 : dim))
    : x.shape.filter((_, i) => !axes.includes(i));
  return { axes, shape, keepDims };
}

function reduce(op: string, x: Value, attributes: KernelAttributes): Value {
  const { axes, shape, keepDims } = reducedShape(x, attributes);
  if (axes.length === 0) return x;
  return node(
    op,
    [x, int64s(axes)],
    { dtype: x.dtype, shape },
    { attributes: { keepdims: keepDims ? 1 : 0 } },
  );
}

const reduction =
  (op: string): TraceKernel =>
  ({ x }, attributes) =>
    reduce(op, x!, attributes);

/** Makes a reduction of numbers. As in tfjs, sums and products of booleans are integers. */
const numeric =
  (op: string): TraceKernel =>
  ({ x }, attributes) =>
    reduce(op, x!.dtype === 'bool' ? cast(x!, 'int32') : x!, attributes);

/** Makes a reduction of booleans. As integers, All is their minimum and Any their maximum. */
const logical =
  (op: string): TraceKernel =>
  ({ x }, attributes) =>
    cast(reduce(op, cast(x!, 'int32'), attributes), 'bool');

/** Finds the first position of the extremum along an axis. NaN counts as `worst`, which loses to every number. */
const argument =
  (op: string, worst: number): TraceKernel =>
  ({ x }, { axis }) => {
    const [reduced] = util.parseAxisParam(axis as number, [...x!.shape]);
    const shape = x!.shape.filter((_, i) => i !== reduced);
    const attributes = { axis: reduced!, keepdims: 0 };
    const numbers = x!.dtype === 'float32' ? withoutNan(x!, worst) : cast(x!, 'int32');
    return cast(node(op, [numbers], { dtype: 'int64', shape }, { attributes }), 'int32');
  };

function withoutNan(x: Value, instead: number): Value {
  const isNan = node('IsNaN', [x], { dtype: 'bool', shape: x.shape });
  return node('Where', [isNan, scalar(instead, 'float32'), x], { dtype: 'float32', shape: x.shape });
}

const cumsum: TraceKernel = ({ x }, { axis, exclusive, reverse }) =>
  node(
    'CumSum',
    [x!, scalar(axis as number, 'int64')],
    { dtype: x!.dtype, shape: x!.shape },
    { attributes: { exclusive: exclusive ? 1 : 0, reverse: reverse ? 1 : 0 } },
  );

const softmax =
  (op: string, axisName: string): TraceKernel =>
  ({ logits }, attributes) => {
    const axis = (attributes[axisName] as number | undefined) ?? -1;
    const float = cast(logits!, 'float32');
    return node(op, [float], { dtype: 'float32', shape: float.shape }, { attributes: { axis } });
  };

/**
 * Returns the k largest, sorted. Only sorted results put the lower of two equal values' indices first, as tfjs does.
 */
const topK: TraceKernel = ({ x }, { k }) => {
  const shape = [...x!.shape.slice(0, -1), k as number];
  const outputs = [
    { dtype: x!.dtype, shape },
    { dtype: 'int64', shape },
  ] as const;
  const attributes = { axis: -1, sorted: 1 };
  const [values, indices] = nodes('TopK', [x!, int64s([k as number])], outputs, { attributes });
  return [values!, cast(indices!, 'int32')];
};

/** tfjs name → kernel, for ops that reduce or scan along axes. */
export const reductionKernels: Readonly<Record<string, TraceKernel>> = {
  Sum: numeric('ReduceSum'),
  Prod: numeric('ReduceProd'),
  Mean: ({ x }, attributes) => reduce('ReduceMean', cast(x!, 'float32'), attributes),
  Max: reduction('ReduceMax'),
  Min: reduction('ReduceMin'),
  All: logical('ReduceMin'),
  Any: logical('ReduceMax'),
  ArgMax: argument('ArgMax', -Infinity),
  ArgMin: argument('ArgMin', Infinity),
  Cumsum: cumsum,
  Softmax: softmax('Softmax', 'dim'),
  LogSoftmax: softmax('LogSoftmax', 'axis'),
  TopK: topK,
  Reshape: ({ x }, { shape }) =>
    reshape(x!, util.inferFromImplicitShape(shape as number[], util.sizeFromShape([...x!.shape]))),
};
