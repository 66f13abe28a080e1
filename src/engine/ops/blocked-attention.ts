import * as tf from '../tfjs.ts';
import { together } from './after.ts';
import { fusedOp, type Saved } from './fused-kernel.ts';

// Attention for long texts. Queries are taken in blocks, and a block's scores are held for that block alone: memory is
// linear in the number of keys. Each block takes the keys that some query of it may see, so half of a causal text's
// scores, and most of a narrow window's, are never computed. The gradient computes the scores again, block by block,
// with the equations of FlashAttention-2 (https://arxiv.org/abs/2307.08691, section 3.1). Other than there, keys are not
// cut: a block's rows have one softmax over all their keys, so there is no running maximum to correct.
//
// Letters: P prefixes, G sequences for each prefix, T tokens, S tokens of the prefix, K key/value heads, J query heads
// for each of them, d head dimension.

type Own = {
  /** [P, K, G·T·J, d] */
  readonly q: tf.Tensor;
  /** [P, K, G·T, d] */
  readonly k: tf.Tensor;
  readonly v: tf.Tensor;
  /** Position of each token of a sequence, [P, T] int32. They rise by 1 from token to token that may see each other. */
  readonly queryAt: tf.Tensor;
  /** Position of each key, those of the prefix first, [P, S + T] int32. */
  readonly keyAt: tf.Tensor;
};
type Prefixed = Own & {
  /** [P, K, S, d] */
  readonly prefixK: tf.Tensor;
  readonly prefixV: tf.Tensor;
};
type Inputs = Own & Partial<Prefixed>;

type Attributes = {
  /** Multiplies the scores, usually 1/√d. */
  readonly scale: number;
  /** As in `attention`. */
  readonly softcap: number;
  /** G */
  readonly groupSize: number;
  /** Number of latest positions that a query sees, its own included; 0 for all. */
  readonly window: number;
  /** Tokens whose queries form a block. */
  readonly block: number;
};

/**
 * Computes what `attention` computes, in memory linear in the number of keys: a query sees the keys whose position is
 * not after its own, nor `window` or more before.
 *
 * q [P, K, G·T·J, d], k and v [P, K, G·T, d], prefixK and prefixV [P, K, S, d] → [P, K, G·T·J, d].
 */
export function blockedAttention(inputs: Own | Prefixed, attributes: Attributes): tf.Tensor4D {
  const outputs = 'prefixK' in inputs ? prefixedKernel(inputs, attributes) : ownKernel(inputs, attributes);
  return outputs[0] as tf.Tensor4D;
}

const ownKernel = fusedOp<Own, Attributes>({
  kernelName: 'BlockedAttention',
  inputs: ['q', 'k', 'v', 'queryAt', 'keyAt'],
  savedOutputs: [true],
  composite: (inputs, attributes) => [forward(inputs, attributes)],
  gradient: (saved) => gradients(saved),
});

const prefixedKernel = fusedOp<Prefixed, Attributes>({
  kernelName: 'BlockedPrefixAttention',
  inputs: ['q', 'k', 'v', 'queryAt', 'keyAt', 'prefixK', 'prefixV'],
  savedOutputs: [true],
  composite: (inputs, attributes) => [forward(inputs, attributes)],
  gradient: (saved) => gradients(saved),
});

function forward(inputs: Inputs, attributes: Attributes): tf.Tensor {
  const rows = rowsOf(inputs, attributes);
  const blocks = rows.blocks.map((block) =>
    tf.tidy(() => {
      const { parts, probabilities } = scored(rows, block);
      return sum(
        probabilities.map((p, i) => parts[i]!.leave(tf.matMul(parts[i]!.enter(p), parts[i]!.values))),
      );
    }),
  );
  return tf.reshape(tf.concat(blocks, 2), inputs.q.shape);
}

function gradients({ dys, inputs, outputs, attributes }: Saved<Inputs, Attributes>) {
  const made = tf.tidy(() => {
    const rows = rowsOf(inputs, attributes);
    const [dOut, out] = [rows.own(dys[0]!), rows.own(outputs[0]!)];
    const blocks = rows.blocks.map((block) => tf.tidy(() => blockGradients(rows, block, { dOut, out })));
    const whole = (x: tf.Tensor, { firstKey, to }: Block) =>
      tf.pad(x, [
        [0, 0],
        [0, 0],
        [firstKey, rows.tokens - to],
        [0, 0],
      ]);
    const own = (name: 'k' | 'v') =>
      tf.reshape(sum(blocks.map((each, i) => whole(each[name], rows.blocks[i]!))), inputs.k.shape);
    const prefix = (name: 'prefixK' | 'prefixV') => {
      const parts = blocks.flatMap((each) => each[name] ?? []);
      return parts.length === 0 ? tf.zerosLike(inputs[name]!) : sum(parts);
    };
    const q = tf.reshape(
      tf.concat(
        blocks.map((each) => each.q),
        2,
      ),
      inputs.q.shape,
    );
    const both = { q, k: own('k'), v: own('v') };
    return inputs.prefixK ? { ...both, prefixK: prefix('prefixK'), prefixV: prefix('prefixV') } : both;
  });
  return Object.fromEntries(Object.entries(made).map(([name, gradient]) => [name, () => gradient]));
}

type BlockGradients = { [name in 'q' | 'k' | 'v']: tf.Tensor } & {
  [name in 'prefixK' | 'prefixV']?: tf.Tensor;
};

/** dS = p ∘ (dO·Vᵀ − rowsum(dO ∘ O)); a soft cap multiplies it by its slope 1 − (score/softcap)². */
function blockGradients(
  rows: Rows,
  block: Block,
  { dOut, out }: { readonly dOut: tf.Tensor; readonly out: tf.Tensor },
): BlockGradients {
  const { scale, softcap } = rows.attributes;
  const { parts, queries, capped, probabilities } = scored(rows, block);
  const dHere = rows.queries(dOut, block);
  const rowSums = tf.sum(tf.mul(dHere, rows.queries(out, block)), -1, true);
  const made = parts.map(({ enter, leave, keys, values }, i) => {
    const p = probabilities[i]!;
    const dCapped = tf.mul(p, tf.sub(leave(tf.matMul(enter(dHere), values, false, true)), rowSums));
    const slope = () => tf.sub(1, tf.square(tf.div(capped[i]!, softcap)));
    const dScores = enter(softcap === 0 ? dCapped : tf.mul(dCapped, slope()));
    return {
      q: leave(tf.matMul(dScores, keys)),
      k: tf.matMul(dScores, enter(queries), true, false),
      v: tf.matMul(enter(p), enter(dHere), true, false),
    };
  });
  const q = tf.mul(sum(made.map((part) => part.q)), scale);
  // All at once, so that nothing of a block is kept while another is computed.
  const [dq, ...others] = together([q, ...made.flatMap(({ k, v }) => [k, v])]) as [tf.Tensor, ...tf.Tensor[]];
  const [k, v, prefixK, prefixV] = others as [tf.Tensor, tf.Tensor, tf.Tensor?, tf.Tensor?];
  return { q: dq, k, v, ...(prefixK && { prefixK }), ...(prefixV && { prefixV }) };
}

/** Some tokens of every sequence. */
interface Block {
  readonly from: number;
  readonly to: number;
  /** The first own key that one of their queries may see. */
  readonly firstKey: number;
  /** Whether one of them may see the prefix. */
  readonly seesPrefix: boolean;
}

/** Keys of a block, each kind in the layout in which it is multiplied. `enter` and `leave` only reshape. */
interface Part {
  readonly enter: (x: tf.Tensor) => tf.Tensor;
  readonly leave: (x: tf.Tensor) => tf.Tensor;
  readonly keys: tf.Tensor;
  readonly values: tf.Tensor;
}

/** What the blocks are cut from. A sequence's queries are rows of [P, K·G, T·J, …]. */
interface Rows {
  readonly attributes: Attributes;
  readonly inputs: Inputs;
  readonly tokens: number;
  /** J */
  readonly share: number;
  readonly blocks: readonly Block[];
  /** Brings queries, or own keys, into rows of their own for each sequence. */
  readonly own: (x: tf.Tensor) => tf.Tensor;
  /** Cuts a block's queries out of such rows. */
  readonly queries: (x: tf.Tensor, block: Block) => tf.Tensor;
}

function rowsOf(inputs: Inputs, attributes: Attributes): Rows {
  const { q, k } = inputs;
  const { groupSize, window, block } = attributes;
  const [prefixes, kvHeads] = q.shape as [number, number];
  const tokens = k.shape[2]! / groupSize;
  const share = q.shape[2]! / k.shape[2]!;
  const blocks = Array.from({ length: Math.ceil(tokens / block) }, (_, i): Block => {
    const from = i * block;
    return {
      from,
      to: Math.min(tokens, from + block),
      firstKey: window === 0 ? 0 : Math.max(0, from - window + 1),
      // The last token of a prefix stands right before token 0.
      seesPrefix: inputs.prefixK !== undefined && (window === 0 || from < window - 1),
    };
  });
  const own = (x: tf.Tensor) =>
    tf.reshape(x, [prefixes, kvHeads * groupSize, x.shape[2]! / groupSize, x.shape[3]!]);
  const queries = (x: tf.Tensor, { from, to }: Block) => cut(x, from * share, to * share);
  return { attributes, inputs, tokens, share, blocks, own, queries };
}

/** A block's probabilities, and its capped scores without the mask, for each part of its keys: own ones, prefix. */
function scored(rows: Rows, block: Block) {
  const { attributes, share } = rows;
  const { scale, softcap } = attributes;
  const parts = partsOf(rows, block);
  const queries = tf.mul(rows.queries(rows.own(rows.inputs.q), block), scale);
  const capped = parts.map(({ enter, leave, keys }) => {
    const raw = leave(tf.matMul(enter(queries), keys, false, true));
    return softcap === 0 ? raw : tf.mul(tf.tanh(tf.div(raw, softcap)), softcap);
  });
  const all = tf.concat(capped, 3);
  const [prefixes, heads, queryRows, keys] = all.shape as [number, number, number, number];
  const byToken = tf.reshape(all, [prefixes, heads, queryRows / share, share, keys]);
  const masked = tf.reshape(tf.add(byToken, maskOf(rows, block)), all.shape);
  const probabilities = tf.split(
    tf.softmax(masked),
    capped.map(({ shape }) => shape[3]!),
    3,
  );
  return { parts, queries, capped, probabilities };
}

function partsOf(
  { inputs, attributes, own, share }: Rows,
  { from, to, firstKey, seesPrefix }: Block,
): Part[] {
  const { k, v, prefixK, prefixV } = inputs;
  const same = (x: tf.Tensor) => x;
  const keys = (x: tf.Tensor) => cut(own(x), firstKey, to);
  const ownPart = { enter: same, leave: same, keys: keys(k), values: keys(v) };
  if (!seesPrefix) return [ownPart];
  const [prefixes, kvHeads] = inputs.q.shape as [number, number];
  const rows = (to - from) * share;
  // One product serves all G sequences of a prefix.
  const layout = (heads: number, each: number) => (x: tf.Tensor) =>
    tf.reshape(x, [prefixes, heads, each, x.shape[3]!]);
  const enter = layout(kvHeads, attributes.groupSize * rows);
  const leave = layout(kvHeads * attributes.groupSize, rows);
  return [ownPart, { enter, leave, keys: prefixK!, values: prefixV! }];
}

const HIDDEN = -1e30;

/** What is added to a block's scores: 0 where a query may attend, a huge negative number elsewhere, [P, 1, t, 1, keys]. */
function maskOf({ inputs, attributes, tokens }: Rows, { from, to, firstKey, seesPrefix }: Block): tf.Tensor {
  const { queryAt, keyAt } = inputs;
  const [prefixes, allKeys] = keyAt.shape as [number, number];
  const prefixTokens = allKeys - tokens;
  const at = (x: tf.Tensor, first: number, last: number) => tf.slice(x, [0, first], [prefixes, last - first]);
  const ownKeys = at(keyAt, prefixTokens + firstKey, prefixTokens + to);
  const keys = seesPrefix ? tf.concat([ownKeys, at(keyAt, 0, prefixTokens)], 1) : ownKeys;
  const key = tf.reshape(keys, [prefixes, 1, 1, 1, keys.shape[1]!]);
  const query = tf.reshape(at(queryAt, from, to), [prefixes, 1, to - from, 1, 1]);
  const later = tf.greater(key, query);
  const { window } = attributes;
  const outside = () => tf.lessEqual(key, tf.sub(query, tf.scalar(window, 'int32')));
  return tf.mul(tf.cast(window === 0 ? later : tf.logicalOr(later, outside()), 'float32'), HIDDEN);
}

const cut = (x: tf.Tensor, from: number, to: number): tf.Tensor =>
  tf.slice(x, [0, 0, from, 0], [x.shape[0]!, x.shape[1]!, to - from, x.shape[3]!]);

const sum = (tensors: readonly tf.Tensor[]): tf.Tensor => tensors.reduce((a, b) => tf.add(a, b));
