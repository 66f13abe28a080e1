import { spans } from '../engine/ops/logprob-rows.ts';
import * as tf from '../engine/tfjs.ts';

/**
 * Hidden states of the same positions in two models that share a head, [N, D] each; the head, [M, D] → [M, V]; the
 * temperature, a scalar.
 */
export interface DivergenceInputs {
  readonly hidden: tf.Tensor2D;
  readonly otherHidden: tf.Tensor2D;
  readonly logits: (hidden: tf.Tensor2D) => tf.Tensor2D;
  readonly temperature: tf.Scalar;
}

/**
 * Computes KL(π‖π′) = Σ_v π(v)·log(π(v)/π′(v)) over the whole vocabulary at each position, in nats: → [N].
 *
 * π = softmax(logits(hidden) / temperature), and π′ is the same of otherHidden. At most `chunk` positions' logits are
 * held at a time; `chunks` as in `logprobHead`.
 */
export function vocabularyKl(
  inputs: DivergenceInputs,
  options: Parameters<typeof spans>[1] = { chunk: 256, chunks: 0 },
): tf.Tensor1D {
  const [rows, width] = inputs.hidden.shape;
  const parts: tf.Tensor1D[] = [];
  for (const { start, size } of spans(rows, options)) {
    const cut = (x: tf.Tensor2D) => tf.slice(x, [start, 0], [size, width]);
    const logp = logProbabilities(cut(inputs.hidden), inputs);
    const logq = logProbabilities(cut(inputs.otherHidden), inputs);
    parts.push(tf.sum(tf.mul(tf.exp(logp), tf.sub(logp, logq)), 1));
  }
  return tf.concat(parts);
}

function logProbabilities(hidden: tf.Tensor2D, { logits, temperature }: DivergenceInputs): tf.Tensor2D {
  const scaled = tf.div(logits(hidden), temperature);
  const shifted = tf.sub(scaled, tf.max(scaled, 1, true));
  return tf.sub(shifted, tf.log(tf.sum(tf.exp(shifted), 1, true)));
}
