import * as tf from '../tfjs.ts';
import { fusedOp } from './fused-kernel.ts';

type Inputs = { readonly x: tf.Tensor; readonly weight: tf.Tensor };
type Attributes = { readonly epsilon: number };

const kernel = fusedOp<Inputs, Attributes>({
  kernelName: 'RmsNorm',
  inputs: ['x', 'weight'],
  savedOutputs: [false, true],
  composite: ({ x, weight }, { epsilon }) => {
    const inverseStd = tf.rsqrt(tf.add(tf.mean(tf.square(x), -1, true), epsilon));
    return [tf.mul(tf.mul(x, inverseStd), weight), inverseStd];
  },
  gradient: ({ dys, inputs: { x, weight }, outputs }) => {
    const dy = dys[0]!;
    const inverseStd = outputs[0]!;
    return {
      // x̂ = x·s: dx = s·(g − x̂·mean(g∘x̂)) with g = dy∘weight.
      x: () => {
        const g = tf.mul(dy, weight);
        const normed = tf.mul(x, inverseStd);
        const projection = tf.div(tf.sum(tf.mul(g, normed), -1, true), x.shape[1]!);
        return tf.mul(tf.sub(g, tf.mul(normed, projection)), inverseStd);
      },
      weight: () => tf.sum(tf.mul(dy, tf.mul(x, inverseStd)), 0),
    };
  },
});

/**
 * Normalises each row by its root mean square: y = weight ∘ x / √(mean(x²) + ε).
 *
 * x [N, D], weight [D] → [N, D]. https://arxiv.org/abs/1910.07467
 */
export function rmsNorm(x: tf.Tensor2D, weight: tf.Tensor1D, epsilon: number): tf.Tensor2D {
  return kernel({ x, weight }, { epsilon })[0] as tf.Tensor2D;
}
