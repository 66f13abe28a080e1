import * as tf from '../../engine/tfjs.ts';

// How far a draft q is from its target p at one position, over the whole vocabulary. Speculative sampling accepts a
// token that q proposed with probability α = Σᵥ min(p(v), q(v)) = 1 − TV(p, q) (https://arxiv.org/abs/2211.17192), so
// `tv` maximises what is accepted. `forward` and `reverse` are bounds on it by Pinsker's inequality, with gradients that
// do not vanish where p and q are far apart (DistillSpec, https://arxiv.org/abs/2310.08461, compares them).
//
// Where we depart from DistillSpec: texts are the target's own samples alone, not the draft's.

/** What a draft's loss may be. */
export const divergenceNames = ['forward', 'reverse', 'tv'] as const;
export type DivergenceName = (typeof divergenceNames)[number];

/** Log-probs (nats) of the target and of the draft over the vocabulary, [N, V] each. */
export interface LogprobPair {
  readonly target: tf.Tensor2D;
  readonly draft: tf.Tensor2D;
}

/** A divergence at N positions, [N, 1] in nats (`tv` has no unit), and its gradient by the draft's logits z, [N, V]. */
export interface Divergence {
  readonly value: tf.Tensor2D;
  readonly slope: tf.Tensor2D;
}

/** The sum of each row, [N, V] → [N, 1]. */
const rowSums = (x: tf.Tensor): tf.Tensor2D => tf.sum(x, 1, true);

/**
 * Divergences of q = softmax(z) from p, with s = ½·sign(q − p):
 *   forward  KL(p‖q) = Σ p·(log p − log q)     ∂/∂z = q − p
 *   reverse  KL(q‖p) = Σ q·(log q − log p)     ∂/∂z = q∘(log q − log p − KL)
 *   tv       ½·Σ |p − q|                       ∂/∂z = q∘(s − Σ q·s)
 */
export const divergences: Readonly<Record<DivergenceName, (logprobs: LogprobPair) => Divergence>> = {
  forward({ target, draft }) {
    const [p, q] = [tf.exp(target), tf.exp(draft)];
    return { value: rowSums(tf.mul(p, tf.sub(target, draft))), slope: tf.sub(q, p) };
  },
  reverse({ target, draft }) {
    const q = tf.exp(draft);
    const gap = tf.sub(draft, target);
    const value = rowSums(tf.mul(q, gap));
    return { value, slope: tf.mul(q, tf.sub(gap, value)) };
  },
  tv({ target, draft }) {
    const [p, q] = [tf.exp(target), tf.exp(draft)];
    const s = tf.mul(tf.sign(tf.sub(q, p)), 0.5);
    const value = tf.mul(rowSums(tf.abs(tf.sub(p, q))), 0.5) as tf.Tensor2D;
    return { value, slope: tf.mul(q, tf.sub(s, rowSums(tf.mul(q, s)))) };
  },
};

/** α = Σᵥ min(p(v), q(v)): the probability that speculative sampling accepts what the draft proposes, [N, V] → [N, 1]. */
export const acceptance = ({ target, draft }: LogprobPair): tf.Tensor2D =>
  rowSums(tf.exp(tf.minimum(target, draft)));
