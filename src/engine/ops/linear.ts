import * as tf from '../tfjs.ts';
import { type Matrix, timesTransposed } from './matrix.ts';

/**
 * Computes a linear layer in PyTorch's layout: y = x·Wᵀ (+ bias).
 *
 * x [N, in], weight [out, in], bias [out] → [N, out]. tfjs computes the gradient of W only when W trains.
 */
export function linear(x: tf.Tensor2D, weight: Matrix, bias?: tf.Tensor1D): tf.Tensor2D {
  const product = timesTransposed(x, weight);
  return bias === undefined ? product : tf.add(product, bias);
}
