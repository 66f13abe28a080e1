import { backend_util, util } from '../../tfjs.ts';
import { node, type Value } from '../trace/graph.ts';
import type { TraceKernel } from '../trace/trace-backend.ts';

function transposeLast(x: Value): Value {
  const rank = x.shape.length;
  const perm = x.shape.map((_, i) => (i < rank - 2 ? i : 2 * rank - 3 - i));
  const shape = perm.map((axis) => x.shape[axis]!);
  return node('Transpose', [x], { dtype: x.dtype, shape }, { attributes: { perm } });
}

/** Computes a·b over the last two axes and broadcasts the others. FusedMatMul transposes floats at no cost. */
const batchMatMul: TraceKernel = ({ a, b }, { transposeA, transposeB }) => {
  const rows = a!.shape.at(transposeA ? -1 : -2)!;
  const columns = b!.shape.at(transposeB ? -2 : -1)!;
  const batch = backend_util.assertAndGetBroadcastShape(
    [...a!.shape.slice(0, -2)],
    [...b!.shape.slice(0, -2)],
  );
  const inner = [a!.shape.at(transposeA ? -2 : -1), b!.shape.at(transposeB ? -1 : -2)];
  util.assert(
    inner[0] === inner[1],
    () => `matMul: inner sizes ${inner.join(' and ')} differ, of shapes [${a!.shape}] and [${b!.shape}]`,
  );
  const output = { dtype: a!.dtype, shape: [...batch, rows, columns] };
  if (!transposeA && !transposeB) return node('MatMul', [a!, b!], output);
  if (a!.dtype === 'float32') {
    const attributes = { transA: transposeA ? 1 : 0, transB: transposeB ? 1 : 0 };
    return node('FusedMatMul', [a!, b!], output, { domain: 'com.microsoft', attributes });
  }
  return node('MatMul', [transposeA ? transposeLast(a!) : a!, transposeB ? transposeLast(b!) : b!], output);
};

/** tfjs name → kernel, for matrix products. */
export const matmulKernels: Readonly<Record<string, TraceKernel>> = { BatchMatMul: batchMatMul };
