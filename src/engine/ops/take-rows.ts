import * as tf from '../tfjs.ts';
import { fusedOp } from './fused-kernel.ts';
import { isQuantised, type Matrix, matrixRows } from './matrix.ts';

type Inputs = { readonly table: tf.Tensor; readonly rows: tf.Tensor };

const kernel = fusedOp<Inputs, Record<string, never>>({
  kernelName: 'TakeRows',
  inputs: ['table', 'rows'],
  composite: ({ table, rows }) => [tf.gather(table, rows as tf.Tensor1D)],
  gradient: ({ dys, inputs: { table, rows } }) => ({
    table: () => tf.unsortedSegmentSum(dys[0]!, rows as tf.Tensor1D, table.shape[0]!),
  }),
});

/**
 * Looks up rows of a table, such as an embedding: y[n] = table[rows[n]]. The gradient of a row is the sum over all its
 * look-ups. A quantised table has no gradient.
 *
 * table [V, D], rows int32 [N] → [N, D]
 */
export function takeRows(table: Matrix, rows: tf.Tensor1D): tf.Tensor2D {
  if (isQuantised(table)) return matrixRows(table, rows);
  return kernel({ table, rows }, {})[0] as tf.Tensor2D;
}
