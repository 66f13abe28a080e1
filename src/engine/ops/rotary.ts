import * as tf from '../tfjs.ts';
import { type FusedKernel, fusedOp } from './fused-kernel.ts';

type Inputs = { readonly x: tf.Tensor; readonly cos: tf.Tensor; readonly sin: tf.Tensor };
type Attributes = { readonly headDim: number; readonly inverse: boolean };

const kernel: FusedKernel<Inputs, Attributes> = fusedOp({
  kernelName: 'Rotary',
  inputs: ['x', 'cos', 'sin'],
  composite: ({ x, cos, sin }: Inputs, { headDim, inverse }: Attributes) => {
    const [rows, width] = x.shape as [number, number];
    const half = cos.shape[1]!;
    const still = headDim - 2 * half;
    const parts = still === 0 ? [half, half] : [half, half, still];
    const heads = tf.reshape(x, [rows, width / headDim, headDim]);
    const [a, b, ...rest] = tf.split(heads, parts, 2) as [tf.Tensor, tf.Tensor, ...tf.Tensor[]];
    const c = tf.reshape(cos, [rows, 1, half]);
    const s = tf.reshape(sin, [rows, 1, half]);
    const rotated = inverse
      ? [tf.add(tf.mul(a, c), tf.mul(b, s)), tf.sub(tf.mul(b, c), tf.mul(a, s))]
      : [tf.sub(tf.mul(a, c), tf.mul(b, s)), tf.add(tf.mul(b, c), tf.mul(a, s))];
    return [tf.reshape(tf.concat([...rotated, ...rest], 2), [rows, width])];
  },
  // A rotation's transpose is the rotation by the opposite angle.
  gradient: ({ dys, inputs: { cos, sin }, attributes: { headDim, inverse } }) => ({
    x: () => kernel({ x: dys[0]!, cos, sin }, { headDim, inverse: !inverse })[0]!,
  }),
});

/** Cosine and sine of the angles of N rows, [N, r/2] each. r is the head dimension d, or fewer where a part is rotated. */
export interface RotaryAngles {
  readonly cos: tf.Tensor2D;
  readonly sin: tf.Tensor2D;
}

/**
 * Applies rotary position embedding. Of every head of dimension d the first r dimensions are rotated: the pair (xᵢ,
 * xᵢ₊r/₂) by angle i of its row. A pair takes one element from each half, as in Hugging Face's layout, not two
 * neighbours. The other dimensions stay as they are.
 *
 * x [N, H·d], angles [N, r/2] → [N, H·d]. The angles get no gradient. https://arxiv.org/abs/2104.09864
 */
export function rotary(x: tf.Tensor2D, angles: RotaryAngles, headDim: number): tf.Tensor2D {
  const { cos, sin } = angles;
  return kernel({ x, cos, sin }, { headDim, inverse: false })[0] as tf.Tensor2D;
}
