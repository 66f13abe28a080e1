import * as tf from '../../engine/tfjs.ts';

/**
 * f(...xs) as a constant: no gradient flows to the xs, and f may use ops that have no gradient (comparisons, where).
 * Its ops stay off the gradient tape; the gradient that tfjs asks for is zeros.
 */
export function constantOf(f: (...xs: tf.Tensor[]) => tf.Tensor, ...xs: tf.Tensor[]): tf.Tensor {
  const shapes = xs.map((x) => x.shape);
  return tf.customGrad((...args) => ({
    value: f(...(args.slice(0, xs.length) as tf.Tensor[])),
    gradFunc: () => shapes.map((shape) => tf.zeros(shape)),
  }))(...xs);
}

/** x itself, through which no gradient flows. */
export function detach(x: tf.Tensor): tf.Tensor {
  return constantOf((value) => tf.clone(value), x);
}
