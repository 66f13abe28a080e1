import { backend_util, util } from '../../tfjs.ts';
import {
  cast,
  constant,
  expand,
  node,
  reshape,
  scalar,
  sizeOf,
  uniform,
  type Value,
  type ValueType,
} from '../trace/graph.ts';
import type { TraceKernel } from '../trace/trace-backend.ts';

/**
 * Takes slices of x along an axis: [batch…, outer…, indices…, slice…]. With batchDims each batch has its own indices.
 * The indices then become row numbers of x flattened to [batch·outer·dim, slice…].
 */
const gather: TraceKernel = ({ x, indices }, attributes) => {
  const [axis] = util.parseAxisParam(attributes.axis as number, [...x!.shape]);
  const { batchSize, outerSize, dimSize, outputShape } = backend_util.segment_util.collectGatherOpShapeInfo(
    tensorInfo(x!),
    tensorInfo(indices!),
    axis!,
    (attributes.batchDims as number | undefined) ?? 0,
  );
  const numbers = cast(indices!, 'int32');
  if (batchSize === 1 && outputShape.length === x!.shape.length - 1 + indices!.shape.length) {
    return gatherRows(x!, numbers, axis!);
  }
  const rest = x!.shape.slice(axis! + 1);
  const shape = [batchSize, outerSize, sizeOf(numbers.shape) / batchSize];
  const starts = Int32Array.from({ length: batchSize * outerSize }, (_, i) => i * dimSize);
  const rows = node(
    'Add',
    [reshape(numbers, [batchSize, 1, shape[2]!]), constant(starts, 'int32', [batchSize, outerSize, 1])],
    { dtype: 'int32', shape },
  );
  const flat = reshape(x!, [batchSize * outerSize * dimSize, ...rest]);
  return reshape(gatherRows(flat, rows, 0), outputShape);
};

type GatherInfo = Parameters<typeof backend_util.segment_util.collectGatherOpShapeInfo>[0];
const tensorInfo = ({ shape }: Value) => ({ shape: [...shape] }) as GatherInfo;

function gatherRows(x: Value, indices: Value, axis: number): Value {
  const shape = [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)];
  return node('Gather', [x, indices], { dtype: x.dtype, shape }, { attributes: { axis } });
}

/** Puts `onValue` where a position equals the index, and `offValue` elsewhere, also for an index out of range. */
const oneHot: TraceKernel = ({ indices }, { depth, onValue, offValue, dtype }) => {
  const shape = [...indices!.shape, depth as number];
  const positions = constant(
    Int32Array.from({ length: depth as number }, (_, i) => i),
    'int32',
    [depth as number],
  );
  const column = reshape(cast(indices!, 'int32'), [...indices!.shape, 1]);
  const hit = node('Equal', [column, positions], { dtype: 'bool', shape });
  const type = (dtype as ValueType | undefined) ?? 'float32';
  if (type === 'bool') return hit;
  return node('Where', [hit, uniform(onValue as number, type, []), uniform(offValue as number, type, [])], {
    dtype: type,
    shape,
  });
};

/**
 * Sums rows by segment: out[s] is the sum of the rows whose id is s. A row whose id is no segment counts as zeros.
 *
 * This uses ScatterElements, which adds the elements in order. onnxruntime's ScatterND adds from several threads at
 * once and loses rows that share an id (https://github.com/microsoft/onnxruntime/issues/18048).
 */
const unsortedSegmentSum: TraceKernel = ({ x, segmentIds }, { numSegments }) => {
  const rest = x!.shape.slice(segmentIds!.shape.length);
  const ids = cast(segmentIds!, 'int32');
  const flag = { dtype: 'bool', shape: ids.shape } as const;
  const valid = node(
    'And',
    [
      node('GreaterOrEqual', [ids, scalar(0, 'int32')], flag),
      node('Less', [ids, scalar(numSegments as number, 'int32')], flag),
    ],
    flag,
  );
  const safe = node('Where', [valid, ids, scalar(0, 'int32')], { dtype: 'int32', shape: ids.shape });
  const column = reshape(valid, [...ids.shape, ...x!.shape.slice(ids.shape.length).map(() => 1)]);
  const rows = node('Where', [column, x!, scalar(0, x!.dtype)], { dtype: x!.dtype, shape: x!.shape });
  const [count, width] = [sizeOf(ids.shape), sizeOf(rest)];
  const indices = expand(reshape(cast(safe, 'int64'), [count, 1]), [count, width]);
  const zeros = uniform(0, x!.dtype, [numSegments as number, width]);
  const sums = node('ScatterElements', [zeros, indices, reshape(rows, [count, width])], zeros, {
    attributes: { axis: 0, reduction: 'add' },
  });
  return reshape(sums, [numSegments as number, ...rest]);
};

/** tfjs name → kernel, for ops that look elements up by index. */
export const indexingKernels: Readonly<Record<string, TraceKernel>> = {
  GatherV2: gather,
  OneHot: oneHot,
  UnsortedSegmentSum: unsortedSegmentSum,
};
