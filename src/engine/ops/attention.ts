import * as tf from '../tfjs.ts';
import { fusedOp, type Saved } from './fused-kernel.ts';

// Grouped-query attention. A sequence attends causally to its own keys, and to a prefix that G sequences may share.
// Letters: P prefixes, G sequences for each prefix, T tokens, S tokens of the prefix, K key/value heads, J query heads
// for each of them, d head dimension. Scores are not kept: the gradient computes them again.

type Own = {
  /** [P, K, G·T·J, d] */
  readonly q: tf.Tensor4D;
  /** [P, K, G·T, d] */
  readonly k: tf.Tensor4D;
  readonly v: tf.Tensor4D;
  /**
   * Added to the scores of own keys, [T·J, T] or [1, 1]: 0 where a query may attend, a huge negative number elsewhere.
   * With groupSize 1 also one for each sequence, [P, 1, T·J, T].
   */
  readonly mask: tf.Tensor2D | tf.Tensor4D;
};
type Prefixed = Own & {
  /** [P, K, S, d] */
  readonly prefixK: tf.Tensor4D;
  readonly prefixV: tf.Tensor4D;
  /** Added to the scores of prefix keys, [P, 1, 1, S], or one for each query, [P, 1, G·T·J, S]. */
  readonly prefixMask: tf.Tensor4D;
};
type Attributes = {
  /** Multiplies the scores, usually 1/√d. */
  readonly scale: number;
  /** Bends scores towards ±softcap: score → softcap·tanh(score/softcap). 0 leaves them. */
  readonly softcap: number;
  /** G */
  readonly groupSize: number;
};

/**
 * Computes grouped-query attention: softmax(cap(scale·q·[prefixK; k]ᵀ) + mask)·[prefixV; v]. One softmax covers both
 * parts. cap is the soft cap of Gemma 2 (https://arxiv.org/abs/2408.00118), or the identity.
 *
 * q [P, K, G·T·J, d], k and v [P, K, G·T, d], prefixK and prefixV [P, K, S, d] → [P, K, G·T·J, d]. The J queries of a
 * token that share a key/value head are neighbours. A prefix is never copied: one product serves all G sequences. Masks
 * get no gradient. https://arxiv.org/abs/2305.13245
 */
export function attention(
  inputs: Own | Prefixed,
  options: Omit<Attributes, 'softcap'> & Partial<Attributes>,
): tf.Tensor4D {
  const attributes = { softcap: 0, ...options };
  const outputs = 'prefixK' in inputs ? prefixedKernel(inputs, attributes) : ownKernel(inputs, attributes);
  return outputs[0] as tf.Tensor4D;
}

const ownKernel = fusedOp<Own, Attributes>({
  kernelName: 'Attention',
  inputs: ['q', 'k', 'v', 'mask'],
  savedOutputs: [true],
  composite: (inputs, attributes) => {
    const own = ownPart(inputs, attributes);
    return [own.leave(tf.matMul(tf.softmax(own.scores()), own.values))];
  },
  gradient: (saved) => {
    const { dys, inputs, outputs, attributes } = saved;
    return thunks(
      tf.tidy(() => {
        const own = ownPart(inputs, attributes);
        return partGradients(own, tf.softmax(own.scores()), {
          dOut: dys[0]!,
          out: outputs[0]!,
          ...attributes,
        });
      }),
    );
  },
});

// One softmax over two parts. Both parts subtract the same maximum. The products with the values are divided by the
// common sum at the end. The log-sum-exp is kept, so that the gradient gets the probabilities as exp(score −
// logSumExp).
const prefixedKernel = fusedOp<Prefixed, Attributes>({
  kernelName: 'PrefixAttention',
  inputs: ['q', 'k', 'v', 'mask', 'prefixK', 'prefixV', 'prefixMask'],
  savedOutputs: [true, true],
  composite: (inputs, attributes) => {
    const own = ownPart(inputs, attributes);
    const parts = [own, prefixPart(inputs, attributes)];
    const scores = parts.map((part) => part.scores());
    const peak = total(
      parts,
      scores.map((each) => tf.max(each, -1, true)),
      tf.maximum,
    );
    const exps = scores.map((each, i) => tf.exp(tf.sub(each, parts[i]!.enter(peak))));
    const sum = total(
      parts,
      exps.map((each) => tf.sum(each, -1, true)),
      tf.add,
    );
    const mixed = total(
      parts,
      exps.map((each, i) => tf.matMul(each, parts[i]!.values)),
      tf.add,
    );
    return [tf.div(mixed, sum), tf.add(peak, tf.log(sum))];
  },
  gradient: (saved) => thunks(tf.tidy(() => prefixedGradients(saved))),
});

function prefixedGradients({ dys, inputs, outputs, attributes }: Saved<Prefixed, Attributes>) {
  const [out, logSumExp] = outputs as [tf.Tensor, tf.Tensor];
  const [own, prefix] = [ownPart(inputs, attributes), prefixPart(inputs, attributes)].map((part) => {
    const probabilities = tf.exp(tf.sub(part.scores(), part.enter(logSumExp)));
    return partGradients(part, probabilities, { dOut: dys[0]!, out, ...attributes });
  }) as [PartGradients, PartGradients];
  return { q: tf.add(own.q, prefix.q), k: own.k, v: own.v, prefixK: prefix.k, prefixV: prefix.v };
}

/** One part of the keys: a sequence's own, or the prefix. Each part multiplies in its own layout. */
interface Part {
  /** Brings a tensor [P, K, G·rows, …] into this part's layout. */
  readonly enter: (x: tf.Tensor) => tf.Tensor;
  /** Brings it back. */
  readonly leave: (x: tf.Tensor) => tf.Tensor;
  readonly queries: tf.Tensor;
  readonly keys: tf.Tensor;
  readonly values: tf.Tensor;
  /** The scores, capped and masked. */
  readonly scores: () => tf.Tensor;
}

/** Computes cap(scale·q·kᵀ). */
function cappedScores(q: tf.Tensor, k: tf.Tensor, { scale, softcap }: Attributes): tf.Tensor {
  const raw = tf.matMul(tf.mul(q, scale), k, false, true);
  return softcap === 0 ? raw : tf.mul(tf.tanh(tf.div(raw, softcap)), softcap);
}

/** Each sequence attends to its own keys: batches [P, K·G]. */
function ownPart({ q, k, v, mask }: Own, attributes: Attributes): Part {
  const { groupSize } = attributes;
  const [prefixes, kvHeads] = q.shape;
  const regroup = (x: tf.Tensor, groups: number) =>
    groupSize === 1
      ? x
      : tf.reshape(x, [
          prefixes,
          kvHeads * groups,
          (x.shape[1]! * x.shape[2]!) / (kvHeads * groups),
          x.shape[3]!,
        ]);
  const enter = (x: tf.Tensor) => regroup(x, groupSize);
  const [queries, keys] = [enter(q), enter(k)];
  const scores = () => tf.add(cappedScores(queries, keys, attributes), mask);
  return { enter, leave: (x) => regroup(x, 1), queries, keys, values: enter(v), scores };
}

/** All G sequences attend to the same keys: batches [P, K]. */
function prefixPart({ q, prefixK, prefixV, prefixMask }: Prefixed, attributes: Attributes): Part {
  const same = (x: tf.Tensor) => x;
  const scores = () => tf.add(cappedScores(q, prefixK, attributes), prefixMask);
  return { enter: same, leave: same, queries: q, keys: prefixK, values: prefixV, scores };
}

function total(
  parts: readonly Part[],
  values: readonly tf.Tensor[],
  combine: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor,
): tf.Tensor {
  return values.map((value, i) => parts[i]!.leave(value)).reduce((a, b) => combine(a, b));
}

type PartGradients = { readonly q: tf.Tensor; readonly k: tf.Tensor; readonly v: tf.Tensor };

/**
 * Computes dS = p ∘ (dO·Vᵀ − rowsum(dO ∘ O)) like FlashAttention (https://arxiv.org/abs/2205.14135, appendix B). A soft
 * cap multiplies it by its slope 1 − (score/softcap)².
 */
function partGradients(
  { enter, leave, queries, keys, values }: Part,
  p: tf.Tensor,
  { dOut, out, ...attributes }: Attributes & { readonly dOut: tf.Tensor; readonly out: tf.Tensor },
): PartGradients {
  const { scale, softcap } = attributes;
  const dOutHere = enter(dOut);
  const rowSums = enter(tf.sum(tf.mul(dOut, out), -1, true));
  const dCapped = tf.mul(p, tf.sub(tf.matMul(dOutHere, values, false, true), rowSums));
  const slope = () => tf.sub(1, tf.square(tf.div(cappedScores(queries, keys, attributes), softcap)));
  const dScores = softcap === 0 ? dCapped : tf.mul(dCapped, slope());
  return {
    q: leave(tf.mul(tf.matMul(dScores, keys), scale)),
    k: leave(tf.matMul(dScores, tf.mul(queries, scale), true, false)),
    v: leave(tf.matMul(p, dOutHere, true, false)),
  };
}

function thunks(gradients: Readonly<Record<string, tf.Tensor>>): Record<string, () => tf.Tensor> {
  return Object.fromEntries(Object.entries(gradients).map(([name, gradient]) => [name, () => gradient]));
}
