import * as tf from '../tfjs.ts';
import { fusedOp, type Saved } from './fused-kernel.ts';

// Grouped-query attention, causal over a sequence's own keys, optionally after a prefix that G sequences share.
// Letters: P prefixes, G sequences a prefix, T tokens, S tokens of the prefix, K kv heads, J query heads a kv head,
// d head dimension, W = S + T. Scores are held only while they are used: the gradient computes them again.

type Own = {
  /** [P, K, G·T·J, d] */
  readonly q: tf.Tensor4D;
  /** [P, K, G·T, d] */
  readonly k: tf.Tensor4D;
  readonly v: tf.Tensor4D;
  /** Added to the scores: [P or 1, T·J or 1, W], 0 where a query may look and hugely negative elsewhere. */
  readonly mask: tf.Tensor3D;
};
type Prefixed = Own & {
  /** [P, K, S, d] */
  readonly prefixK: tf.Tensor4D;
  readonly prefixV: tf.Tensor4D;
};
type Attributes = {
  /** Multiplies the scores, usually 1/√d. */
  readonly scale: number;
  /** G */
  readonly groupSize: number;
};

const ownKernel = fusedOp<Own, Attributes>({
  kernelName: 'Attention',
  inputs: ['q', 'k', 'v', 'mask'],
  savedOutputs: [true],
  composite: attend,
  gradient: attendGradient,
});

const prefixedKernel = fusedOp<Prefixed, Attributes>({
  kernelName: 'PrefixAttention',
  inputs: ['q', 'k', 'v', 'mask', 'prefixK', 'prefixV'],
  savedOutputs: [true],
  composite: attend,
  gradient: attendGradient,
});

/**
 * Grouped-query attention: softmax(scale·q·[prefixK; k]ᵀ + mask)·[prefixV; v], the softmax over both parts together.
 *
 * Shapes as above; returns [P, K, G·T·J, d]. The J queries of a token that share a kv head stand next to each other.
 * https://arxiv.org/abs/2305.13245
 */
export function attention(inputs: Own | Prefixed, attributes: Attributes): tf.Tensor4D {
  const outputs = 'prefixK' in inputs ? prefixedKernel(inputs, attributes) : ownKernel(inputs, attributes);
  return outputs[0] as tf.Tensor4D;
}

function attend(inputs: Own | Prefixed, attributes: Attributes): tf.Tensor[] {
  const { q, v } = inputs;
  const parts = splitBatches(inputs, attributes);
  const probabilities = parts.split(parts.probabilities());
  const own = tf.reshape(tf.matMul(probabilities.own, parts.own(v)), q.shape);
  if (!('prefixK' in inputs) || probabilities.prefix === undefined) return [own];
  const prefix = tf.matMul(probabilities.prefix, parts.prefix(inputs.prefixV));
  return [tf.add(own, tf.reshape(prefix, q.shape))];
}

/** dS = p ∘ (dO·Vᵀ − rowsum(dO ∘ O)), as FlashAttention computes it (https://arxiv.org/abs/2205.14135, appendix B). */
function attendGradient(saved: Saved<Own & Partial<Prefixed>, Attributes>) {
  const { dys, inputs, outputs, attributes } = saved;
  const { q, k, v, prefixK, prefixV } = inputs;
  const { scale } = attributes;
  const dOut = dys[0]!;
  const gradients = tf.tidy((): Record<string, tf.Tensor> => {
    const parts = splitBatches(inputs as Own | Prefixed, attributes);
    const p = parts.split(parts.probabilities());
    const rowSums = tf.sum(tf.mul(dOut, outputs[0]!), -1, true);
    const backward = (
      part: (x: tf.Tensor) => tf.Tensor,
      weights: tf.Tensor,
      keys: tf.Tensor,
      values: tf.Tensor,
    ) => {
      const dWeights = tf.matMul(part(dOut), part(values), false, true);
      const dScores = tf.mul(tf.mul(weights, tf.sub(dWeights, part(rowSums))), scale);
      return {
        q: tf.reshape(tf.matMul(dScores, part(keys)), q.shape),
        k: tf.reshape(tf.matMul(dScores, part(q), true, false), keys.shape),
        v: tf.reshape(tf.matMul(weights, part(dOut), true, false), values.shape),
      };
    };
    const own = backward(parts.own, p.own, k, v);
    if (prefixK === undefined || prefixV === undefined || p.prefix === undefined) return own;
    const prefix = backward(parts.prefix, p.prefix, prefixK, prefixV);
    return { q: tf.add(own.q, prefix.q), k: own.k, v: own.v, prefixK: prefix.k, prefixV: prefix.v };
  });
  return Object.fromEntries(Object.entries(gradients).map(([name, gradient]) => [name, () => gradient]));
}

/**
 * The batched matrices of both parts. Own keys: a batch is one sequence's kv head, [P·K·G, rows, d]. The prefix: its kv head
 * serves all G sequences at once, [P·K, G·rows, d], so that nothing is repeated and gradients add up over G by themselves.
 */
function splitBatches(inputs: Own | Prefixed, { scale, groupSize }: Attributes) {
  const [prefixes, kvHeads] = inputs.q.shape;
  const batches = prefixes * kvHeads;
  const queries = inputs.q.shape[2] / groupSize;
  const tokens = inputs.k.shape[2] / groupSize;
  const prefixTokens = 'prefixK' in inputs ? inputs.prefixK.shape[2] : 0;
  const own = (x: tf.Tensor): tf.Tensor =>
    tf.reshape(x, [batches * groupSize, x.shape[2]! / groupSize, x.shape[3]!]);
  const prefix = (x: tf.Tensor): tf.Tensor => tf.reshape(x, [batches, x.shape[2]!, x.shape[3]!]);
  const width = prefixTokens + tokens;

  /** softmax of both parts' scores together, [P·K·G, T·J, W]. */
  const probabilities = (): tf.Tensor => {
    const q = tf.mul(inputs.q, scale);
    let scores = tf.matMul(own(q), own(inputs.k), false, true);
    if ('prefixK' in inputs) {
      const seen = tf.matMul(prefix(q), prefix(inputs.prefixK), false, true);
      scores = tf.concat([tf.reshape(seen, [batches * groupSize, queries, prefixTokens]), scores], 2);
    }
    const [maskRows, maskQueries] = inputs.mask.shape;
    const masked = tf.add(
      tf.reshape(scores, [prefixes, kvHeads * groupSize, queries, width]),
      tf.reshape(inputs.mask, [maskRows, 1, maskQueries, width]),
    );
    return tf.reshape(tf.softmax(masked), [batches * groupSize, queries, width]);
  };

  /** Cuts [P·K·G, T·J, W] into the weights of the prefix, [P·K, G·T·J, S], and of own keys, [P·K·G, T·J, T]. */
  const split = (p: tf.Tensor): { readonly own: tf.Tensor; readonly prefix?: tf.Tensor } => {
    if (prefixTokens === 0) return { own: p };
    const [seen, ownWeights] = tf.split(p, [prefixTokens, tokens], 2) as [tf.Tensor, tf.Tensor];
    return { own: ownWeights, prefix: tf.reshape(seen, [batches, groupSize * queries, prefixTokens]) };
  };

  return { own, prefix, probabilities, split };
}
