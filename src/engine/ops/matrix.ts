import * as tf from '../tfjs.ts';
import {
  type QuantisedWeight,
  quantisedLinear,
  quantisedProduct,
  quantisedRows,
} from './quantised-weight.ts';

/** A weight matrix W [out, in] inside a program: float32, or frozen in fewer bits. */
export type Matrix = tf.Tensor2D | QuantisedWeight;

export const isQuantised = (matrix: Matrix): matrix is QuantisedWeight => 'format' in matrix;

/** Computes x·Wᵀ: x [N, in] → [N, out]. tfjs computes the gradient of W only when W trains. */
export function timesTransposed(x: tf.Tensor2D, matrix: Matrix): tf.Tensor2D {
  return isQuantised(matrix) ? quantisedLinear(x, matrix) : tf.matMul(x, matrix, false, true);
}

/** Computes y·W: y [N, out] → [N, in]. */
export function timesMatrix(y: tf.Tensor2D, matrix: Matrix): tf.Tensor2D {
  return isQuantised(matrix) ? quantisedProduct(y, matrix) : tf.matMul(y, matrix);
}

/** Looks up rows of W: rows int32 [N] → [N, in]. */
export function matrixRows(matrix: Matrix, rows: tf.Tensor1D): tf.Tensor2D {
  return isQuantised(matrix) ? quantisedRows(matrix, rows) : tf.gather(matrix, rows);
}
