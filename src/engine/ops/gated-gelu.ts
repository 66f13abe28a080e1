import * as tf from '../tfjs.ts';
import { fusedOp } from './fused-kernel.ts';

type Inputs = { readonly gate: tf.Tensor; readonly up: tf.Tensor };

const C = Math.sqrt(2 / Math.PI);
const K = 0.044715;
/** tanh(c·(x + k·x³)) */
const tanhPart = (x: tf.Tensor) => tf.tanh(tf.mul(tf.mul(x, tf.add(tf.mul(tf.square(x), K), 1)), C));

const kernel = fusedOp<Inputs, Record<string, never>>({
  kernelName: 'GatedGelu',
  inputs: ['gate', 'up'],
  composite: ({ gate, up }) => [tf.mul(tf.mul(tf.mul(gate, 0.5), tf.add(tanhPart(gate), 1)), up)],
  // With t = tanh(c·(x + k·x³)): gelu′ = ½·(1 + t + x·(1 − t²)·c·(1 + 3k·x²)).
  gradient: ({ dys, inputs: { gate, up } }) => {
    const [dGate, dUp] = tf.tidy((): [tf.Tensor, tf.Tensor] => {
      const dy = dys[0]!;
      const t = tanhPart(gate);
      const inner = tf.mul(tf.add(tf.mul(tf.square(gate), 3 * K), 1), C);
      const bend = tf.mul(tf.mul(gate, tf.sub(1, tf.square(t))), inner);
      const slope = tf.mul(tf.add(tf.add(t, 1), bend), 0.5);
      const gelu = tf.mul(tf.mul(gate, 0.5), tf.add(t, 1));
      return [tf.mul(tf.mul(dy, up), slope), tf.mul(dy, gelu)];
    });
    return { gate: () => dGate, up: () => dUp };
  },
});

/**
 * Computes the gated activation of Gemma's MLP: gelu(gate) ∘ up, with gelu approximated by tanh (`gelu_pytorch_tanh`):
 * gelu(x) = ½·x·(1 + tanh(√(2/π)·(x + 0.044715·x³))).
 *
 * gate, up [N, F] → [N, F]; the gradient recomputes the tanh. https://arxiv.org/abs/2002.05202
 */
export function gatedGelu(gate: tf.Tensor2D, up: tf.Tensor2D): tf.Tensor2D {
  return kernel({ gate, up }, {})[0] as tf.Tensor2D;
}
