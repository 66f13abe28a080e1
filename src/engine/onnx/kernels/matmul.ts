import { backend_util, util } from '../../tfjs.ts';
import { node, reshape, sameShape, type Value } from '../trace/graph.ts';
import type { KernelAttributes, TraceKernel } from '../trace/trace-backend.ts';

function transposeLast(x: Value): Value {
  const rank = x.shape.length;
  const perm = x.shape.map((_, i) => (i < rank - 2 ? i : 2 * rank - 3 - i));
  const shape = perm.map((axis) => x.shape[axis]!);
  return node('Transpose', [x], { dtype: x.dtype, shape }, { attributes: { perm } });
}

/** At most so many rows count as few. */
const FEW = 8;

/**
 * Computes a·b over the last two axes and broadcasts the others. FusedMatMul transposes floats at no cost.
 *
 * onnxruntime packs b anew for each product of a batch, unless a is a single row. So a product of few rows, such as the
 * queries of a decoding step that share their keys, is computed row by row: the rows share b by broadcasting.
 */
const batchMatMul: TraceKernel = ({ a, b }, attributes) => {
  if (attributes.transposeA || !hasFewRows(a!.shape, b!.shape)) return product(a!, b!, attributes);
  const [batch, inner] = [a!.shape.slice(0, -1), a!.shape.at(-1)!];
  const row = reshape(a!, [...batch, 1, inner]);
  const shared = reshape(b!, [...b!.shape.slice(0, -2), 1, ...b!.shape.slice(-2)]);
  const rows = product(row, shared, attributes);
  return reshape(rows, [...batch, rows.shape.at(-1)!]);
};

/** Whether a has several rows, but few, for each matrix of b, and these are worth not being packed. */
function hasFewRows(a: readonly number[], b: readonly number[]): boolean {
  const rows = a.at(-2)!;
  if (a.length < 3 || rows === 1 || rows > FEW || Math.min(...b.slice(-2)) <= FEW) return false;
  return sameShape(a.slice(0, -2), b.slice(0, -2));
}

function product(a: Value, b: Value, { transposeA, transposeB }: KernelAttributes): Value {
  const rows = a.shape.at(transposeA ? -1 : -2)!;
  const columns = b.shape.at(transposeB ? -2 : -1)!;
  const batch = backend_util.assertAndGetBroadcastShape([...a.shape.slice(0, -2)], [...b.shape.slice(0, -2)]);
  const inner = [a.shape.at(transposeA ? -2 : -1), b.shape.at(transposeB ? -1 : -2)];
  util.assert(
    inner[0] === inner[1],
    () => `matMul: inner sizes ${inner.join(' and ')} differ, of shapes [${a.shape}] and [${b.shape}]`,
  );
  const output = { dtype: a.dtype, shape: [...batch, rows, columns] };
  if (!transposeA && !transposeB) return node('MatMul', [a, b], output);
  if (a.dtype === 'float32') {
    const attributes = { transA: transposeA ? 1 : 0, transB: transposeB ? 1 : 0 };
    return node('FusedMatMul', [a, b], output, { domain: 'com.microsoft', attributes });
  }
  return node('MatMul', [transposeA ? transposeLast(a) : a, transposeB ? transposeLast(b) : b], output);
}

/** tfjs name → kernel, for matrix products. */
export const matmulKernels: Readonly<Record<string, TraceKernel>> = { BatchMatMul: batchMatMul };
