import { backend_util, type DataType, slice_util, util } from '../../tfjs.ts';
import {
  constant,
  expand,
  int64s,
  node,
  nodes,
  reshape,
  sizeOf,
  uniform,
  type Value,
  type ValueType,
} from '../trace/graph.ts';
import { type KernelInputs, type TraceKernel, valueType } from '../trace/trace-backend.ts';

const INT64_MAX = 2 ** 53;

function slice(
  x: Value,
  begin: readonly number[],
  end: readonly number[],
  strides?: readonly number[],
): Value {
  const shape = begin.map((b, i) => Math.max(0, Math.ceil((end[i]! - b) / (strides?.[i] ?? 1))));
  const cut = begin
    .map((_, i) => i)
    .filter((i) => begin[i] !== 0 || end[i] !== x.shape[i] || (strides?.[i] ?? 1) !== 1);
  if (cut.length === 0) return x;
  // A descending slice that includes the first element ends before it. ONNX writes this end as a huge negative number.
  const stop = (i: number) => ((strides?.[i] ?? 1) < 0 && end[i]! < 0 ? -INT64_MAX : end[i]!);
  const inputs = [
    x,
    int64s(cut.map((i) => begin[i]!)),
    int64s(cut.map(stop)),
    int64s(cut),
    ...(strides === undefined ? [] : [int64s(cut.map((i) => strides[i]!))]),
  ];
  return node('Slice', inputs, { dtype: x.dtype, shape });
}

const sliceKernel: TraceKernel = ({ x }, attributes) => {
  const info = { shape: [...x!.shape] } as Parameters<typeof slice_util.parseSliceParams>[0];
  const [begin, size] = slice_util.parseSliceParams(
    info,
    attributes.begin as number | number[],
    attributes.size as number | number[],
  ) as [number[], number[]];
  slice_util.assertParamsValid(info, begin, size);
  return slice(
    x!,
    begin,
    begin.map((b, i) => b + size[i]!),
  );
};

type SliceInfoArguments = Parameters<typeof slice_util.sliceInfo>;

const stridedSlice: TraceKernel = ({ x }, attributes) => {
  const names = [
    'begin',
    'end',
    'strides',
    'beginMask',
    'endMask',
    'ellipsisMask',
    'newAxisMask',
    'shrinkAxisMask',
  ];
  const rest = names.map((name) => attributes[name]);
  const info = slice_util.sliceInfo(...([[...x!.shape], ...rest] as unknown as SliceInfoArguments));
  if (info.finalShapeSparse.some((dim) => dim === 0)) return uniform(0, x!.dtype, info.finalShape);
  return reshape(slice(x!, info.begin, info.end, info.strides), info.finalShape);
};

const transpose: TraceKernel = ({ x }, { perm }) => {
  const order = perm as number[];
  if (order.every((axis, i) => axis === i)) return x!;
  const shape = order.map((axis) => x!.shape[axis]!);
  return node('Transpose', [x!], { dtype: x!.dtype, shape }, { attributes: { perm: order } });
};

function concat(values: readonly Value[], axis: number): Value {
  const shapes = values.map((value) => [...value.shape]);
  backend_util.assertParamsConsistent(shapes, axis);
  const shape = backend_util.computeOutShape(shapes, axis);
  const parts = values.filter((value) => sizeOf(value.shape) > 0);
  if (parts.length === 0) return uniform(0, values[0]!.dtype, shape);
  if (parts.length === 1) return parts[0]!;
  return node('Concat', parts, { dtype: parts[0]!.dtype, shape }, { attributes: { axis } });
}

const list = (inputs: KernelInputs): Value[] => Object.values(inputs);

const concatKernel: TraceKernel = (inputs, { axis }) => {
  const [resolved] = util.parseAxisParam(axis as number, [...list(inputs)[0]!.shape]);
  return concat(list(inputs), resolved!);
};

const insertAxis = (shape: readonly number[], axis: number): number[] => [
  ...shape.slice(0, axis),
  1,
  ...shape.slice(axis),
];

const pack: TraceKernel = (inputs, { axis }) => {
  const values = list(inputs);
  for (const { shape, dtype } of values) {
    util.assertShapesMatch([...values[0]!.shape], [...shape], 'tensors to stack must have the same shape: ');
    util.assert(
      dtype === values[0]!.dtype,
      () => `tensors to stack differ in type: ${values[0]!.dtype}, ${dtype}`,
    );
  }
  return concat(
    values.map((value) => reshape(value, insertAxis(value.shape, axis as number))),
    axis as number,
  );
};

function split(x: Value, sizes: readonly number[], axis: number): readonly Value[] {
  if (sizes.length === 1) return [x];
  const outputs = sizes.map((size) => ({
    dtype: x.dtype,
    shape: x.shape.map((dim, i) => (i === axis ? size : dim)),
  }));
  return nodes('Split', [x, int64s(sizes)], outputs, { attributes: { axis } });
}

const splitV: TraceKernel = ({ x }, { numOrSizeSplits, axis }) => {
  const [resolved] = util.parseAxisParam(axis as number, [...x!.shape]);
  const sizes = backend_util.prepareSplitSize(
    { shape: [...x!.shape] } as Parameters<typeof backend_util.prepareSplitSize>[0],
    numOrSizeSplits as number | number[],
    resolved,
  );
  return split(x!, sizes, resolved!);
};

const unpack: TraceKernel = ({ value }, { axis }) => {
  const [resolved] = util.parseAxisParam(axis as number, [...value!.shape]);
  const shape = value!.shape.filter((_, i) => i !== resolved);
  return split(value!, Array(value!.shape[resolved!]).fill(1), resolved!).map((part) => reshape(part, shape));
};

const pad: TraceKernel = ({ x }, { paddings, constantValue }) => {
  const pairs = paddings as [number, number][];
  if (pairs.every(([before, after]) => before === 0 && after === 0)) return x!;
  const shape = x!.shape.map((dim, i) => dim + pairs[i]![0] + pairs[i]![1]);
  const amounts = int64s([...pairs.map(([before]) => before), ...pairs.map(([, after]) => after)]);
  const fill = uniform(constantValue as number, x!.dtype, []);
  return node('Pad', [x!, amounts, fill], { dtype: x!.dtype, shape });
};

/** Repeats axes: as a broadcast if all repeated axes have size 1, else by copying. */
const tile: TraceKernel = ({ x }, { reps }) => {
  const counts = reps as number[];
  const shape = x!.shape.map((dim, i) => dim * counts[i]!);
  if (counts.every((count, i) => count === 1 || x!.shape[i] === 1)) return expand(x!, shape);
  return node('Tile', [x!, int64s(counts)], { dtype: x!.dtype, shape });
};

const reverse: TraceKernel = ({ x }, { dims }) => {
  const axes = util.parseAxisParam(dims as number[], [...x!.shape]);
  const backwards = x!.shape.map((_, i) => axes.includes(i));
  return axes.length === 0 ? x! : reverseAxes(x!, backwards);
};

function reverseAxes(x: Value, backwards: readonly boolean[]): Value {
  const axes = backwards.flatMap((yes, i) => (yes ? [i] : []));
  const inputs = [
    x,
    int64s(axes.map(() => -1)),
    int64s(axes.map(() => -INT64_MAX)),
    int64s(axes),
    int64s(axes.map(() => -1)),
  ];
  return node('Slice', inputs, { dtype: x.dtype, shape: x.shape });
}

const range: TraceKernel = (_, { start, stop, step, dtype }) => {
  const [from, to] = [start as number, stop as number];
  // For a descending range tfjs reads its default step of 1 as −1.
  const by = to < from && step === 1 ? -1 : (step as number);
  const count = Math.max(0, Math.ceil((to - from) / by));
  const values = Array.from({ length: count }, (_, i) => from + i * by);
  const data = dtype === 'int32' ? Int32Array.from(values) : Float32Array.from(values);
  return constant(data, dtype as ValueType, [count]);
};

/** tfjs name → kernel, for ops that move elements without changing them. */
export const arrangementKernels: Readonly<Record<string, TraceKernel>> = {
  Slice: sliceKernel,
  StridedSlice: stridedSlice,
  Transpose: transpose,
  Concat: concatKernel,
  Pack: pack,
  Unpack: unpack,
  SplitV: splitV,
  ExpandDims: ({ input }, { dim }) => {
    const places = input!.shape.length + 1;
    const axis = (dim as number) < 0 ? places + (dim as number) : (dim as number);
    util.assert(axis >= 0, () => `expandDims: axis ${dim} is not in [${-places}, ${places})`);
    return reshape(input!, insertAxis(input!.shape, axis));
  },
  PadV2: pad,
  Tile: tile,
  Reverse: reverse,
  Fill: (_, { shape, value, dtype }) =>
    uniform(value as number, valueType((dtype as DataType | undefined) ?? 'float32'), shape as number[]),
  Range: range,
};
