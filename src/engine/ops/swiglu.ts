import * as tf from '../tfjs.ts';
import { fusedOp } from './fused-kernel.ts';

type Inputs = { readonly gate: tf.Tensor; readonly up: tf.Tensor };

const kernel = fusedOp<Inputs, Record<string, never>>({
  kernelName: 'SwiGlu',
  inputs: ['gate', 'up'],
  composite: ({ gate, up }) => [tf.mul(tf.mul(gate, tf.sigmoid(gate)), up)],
  // With s = sigmoid(gate): silu′ = s + silu·(1 − s).
  gradient: ({ dys, inputs: { gate, up } }) => {
    const [dGate, dUp] = tf.tidy((): [tf.Tensor, tf.Tensor] => {
      const dy = dys[0]!;
      const s = tf.sigmoid(gate);
      const silu = tf.mul(gate, s);
      const slope = tf.add(s, tf.mul(silu, tf.sub(1, s)));
      return [tf.mul(tf.mul(dy, up), slope), tf.mul(dy, silu)];
    });
    return { gate: () => dGate, up: () => dUp };
  },
});

/**
 * Computes the gated activation of a Llama MLP: silu(gate) ∘ up with silu(z) = z·sigmoid(z).
 *
 * gate, up [N, F] → [N, F]; the gradient recomputes the sigmoid. https://arxiv.org/abs/2002.05202
 */
export function swiglu(gate: tf.Tensor2D, up: tf.Tensor2D): tf.Tensor2D {
  return kernel({ gate, up }, {})[0] as tf.Tensor2D;
}
