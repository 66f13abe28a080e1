import { linear } from '../engine/ops/linear.ts';
import { type HeadOutputs, logprobHead } from '../engine/ops/logprob-head.ts';
import type { Matrix } from '../engine/ops/matrix.ts';
import { recomputed, type TensorTree } from '../engine/ops/recomputed.ts';
import { takeRows } from '../engine/ops/take-rows.ts';
import * as tf from '../engine/tfjs.ts';
import { attendsInBlocks, ownersPlaces, placesAfter } from './attention/places.ts';
import { type DecoderModel, decoderLayer, embed, type LayerRows, norm, parameter } from './decoder.ts';
import {
  type AttendedKeys,
  anglesAt,
  attendRows,
  causalMask,
  keysToHeads,
  lengthMask,
  ownersMask,
  ownMask,
  positionsFrom,
  prefixWindowMask,
} from './forward-rows.ts';
import { layersOf } from './layers.ts';
import { weightMatrix } from './weights/base-weights.ts';

/**
 * Right-padded texts for the decoder. Row b of `ids` continues prefix floor(b / G) with G = B/P. A prefix is forwarded
 * once for its G rows. Without a prefix a row starts at position 0.
 */
export interface DecoderBatch {
  readonly prefix?: {
    /** [P, S] int32 */
    readonly ids: tf.Tensor2D;
    /** Number of tokens of each prefix without padding, [P] int32. It may be 0. */
    readonly lengths: tf.Tensor1D;
  };
  /** [B, T] int32 */
  readonly ids: tf.Tensor2D;
}

/** Rows that several examples share, by the names of `SharedRows`. */
export interface SharedBatch {
  /** [R, W] int32 each. */
  readonly ids: tf.Tensor2D;
  readonly positions: tf.Tensor2D;
  readonly owners: tf.Tensor2D;
  /** The tokens whose states are wanted, [N] int32. */
  readonly predicting: tf.Tensor1D;
}

/**
 * Is called with the rows of the stream before the first layer (layersDone 0) and after each layer. The rows of the
 * prefixes come first.
 */
export type Observe = (layersDone: number, rows: tf.Tensor2D) => void;

/**
 * Computes the final-normed hidden states of the batch's own tokens, [B·T, D], without those of the prefixes.
 *
 * Linear layers run on all P·S + B·T rows at once. For the prefixes the last layer computes only keys and values. The
 * states at padding are finite and have no meaning; the mask removes them.
 */
export function decoderForward(model: DecoderModel, batch: DecoderBatch, observe?: Observe): tf.Tensor2D {
  return batch.prefix
    ? forwardBy(planWithPrefix(model, { ...batch, prefix: batch.prefix }), model, observe)
    : forwardBy(planPlain(model, batch.ids), model, observe);
}

/**
 * Computes the final-normed hidden states of the wanted tokens of shared rows, [N, D]. A token attends to those of its
 * own example. The last layer's MLP runs on the wanted tokens alone.
 */
export function sharedForward(model: DecoderModel, batch: SharedBatch): tf.Tensor2D {
  return forwardBy(planShared(model, batch), model);
}

function forwardBy<Parts extends TensorTree>(
  plan: Plan<Parts>,
  model: DecoderModel,
  observe?: Observe,
): tf.Tensor2D {
  const { layers } = model.config;
  let x = embed(model, plan.ids);
  observe?.(0, x);
  for (let index = 0; index < layers; index++) {
    const rows = (parts: Parts) => plan.rows(parts, index);
    x = layerOnce(model, index, { x, parts: plan.parts(index) }, rows);
    observe?.(index + 1, x);
  }
  return norm(model, 'model.norm', x);
}

/** Computes one decoder layer. If the model says so, nothing inside it is kept for the backward pass. */
function layerOnce<Parts extends TensorTree>(
  model: DecoderModel,
  index: number,
  { x, parts }: { readonly x: tf.Tensor2D; readonly parts: Parts },
  rows: (parts: Parts) => LayerRows,
): tf.Tensor2D {
  const { recompute, parameters } = model;
  if (recompute === undefined) return decoderLayer(model, index, x, rows(parts));
  const own = recompute.trained.filter((name) => name.includes(`layers.${index}.`));
  const trained = Object.fromEntries(own.map((name) => [name, parameter(parameters, name)]));
  return recomputed({ x, trained, held: parts }, (given) =>
    decoderLayer(recompute.withParameters(given.trained), index, given.x as tf.Tensor2D, rows(given.held)),
  ) as tf.Tensor2D;
}

/** Computes logits over the vocabulary: hidden [N, D] → [N, V]. */
export function logits(model: DecoderModel, hidden: tf.Tensor2D): tf.Tensor2D {
  const plain = linear(hidden, headWeight(model));
  const cap = model.config.logitSoftcap;
  return cap === null ? plain : tf.mul(tf.tanh(tf.div(plain, cap)), cap);
}

/**
 * Computes the log-probs (nats) of `targets` [N] and the entropy of each row under softmax(logits / temperature),
 * without holding all logits. hidden [N, D]. `options` are those of `logprobHead`.
 */
export function logprobs(
  model: DecoderModel,
  rows: { readonly hidden: tf.Tensor2D; readonly targets: tf.Tensor1D; readonly temperature: tf.Scalar },
  options: Parameters<typeof logprobHead>[1] = {},
): HeadOutputs {
  const softcap = model.config.logitSoftcap ?? 0;
  return logprobHead({ ...rows, weight: headWeight(model) }, { softcap, ...options });
}

/** The matrix that makes logits of hidden states. */
export function headWeight({ config, parameters }: DecoderModel): Matrix {
  const name = config.tieWordEmbeddings ? 'model.embed_tokens.weight' : 'lm_head.weight';
  return weightMatrix(parameters, name);
}

/** The rows of a batch, and how they attend in each layer. The last layer may leave out rows that nobody needs. */
interface Plan<Parts> {
  /** Token id of each row, [N] int32. */
  readonly ids: tf.Tensor1D;
  /** What a layer needs besides its weights and the stream. */
  readonly parts: (layer: number) => Parts;
  readonly rows: (parts: Parts, layer: number) => LayerRows;
}

type RowParts = { readonly angles: Angles | null; readonly masks: AttendedKeys['mask'] };
type Angles = { readonly cos: tf.Tensor2D; readonly sin: tf.Tensor2D };

function planPlain(model: DecoderModel, ids: tf.Tensor2D): Plan<RowParts> {
  const { config } = model;
  const [sequences, tokens] = ids.shape;
  const starts = tf.fill<tf.Rank.R1>([sequences], 0, 'int32');
  const positions = positionsFrom(starts, sequences, tokens);
  const parts = layersOf(model, {
    angles: (rope) => anglesAt(rope, positions),
    masks: (window) => ownMask(ids, config.heads / config.kvHeads, window),
  });
  const rows = ({ angles, masks: mask }: RowParts, layer: number): LayerRows => {
    const { window } = config.layerForms[layer]!;
    const attend: LayerRows['attend'] = (q, k, v) =>
      attendRows(q, { own: keysToHeads({ k, v }, sequences, config), mask }, { config, sequences, window });
    return { angles, attend };
  };
  return { ids: tf.reshape(ids, [-1]), parts, rows };
}

function planShared(model: DecoderModel, batch: SharedBatch): Plan<RowParts> {
  const { config } = model;
  const { ids, positions, owners, predicting } = batch;
  const [sequences, width] = ids.shape;
  const parts = layersOf(model, {
    angles: (rope) => anglesAt(rope, tf.reshape(positions, [-1])),
    masks: (window) =>
      attendsInBlocks(0, width)
        ? ownersPlaces(owners)
        : ownersMask(owners, config.heads / config.kvHeads, window),
  });
  const rows = ({ angles, masks: mask }: RowParts, layer: number): LayerRows => {
    // Tokens of other owners lie beyond a window of the row's width.
    const window = Math.min(config.layerForms[layer]!.window ?? width, width);
    const attend: LayerRows['attend'] = (q, k, v) =>
      attendRows(q, { own: keysToHeads({ k, v }, sequences, config), mask }, { config, sequences, window });
    return layer === config.layers - 1
      ? { angles, attend, wanted: (attended) => takeRows(attended, predicting) }
      : { angles, attend };
  };
  return { ids: tf.reshape(ids, [-1]), parts, rows };
}

/** Angles and masks of rows that continue prefixes. */
type PrefixParts = {
  readonly angles: { readonly all: Angles; readonly own: Angles } | null;
  readonly masks: ReturnType<typeof prefixMasks>;
};

function planWithPrefix(model: DecoderModel, batch: Required<DecoderBatch>): Plan<PrefixParts> {
  const { config } = model;
  const [prefixes, width] = batch.prefix.ids.shape;
  const [sequences, tokens] = batch.ids.shape;
  const starts = tf.fill<tf.Rank.R1>([prefixes], 0, 'int32');
  const ownPositions = positionsFrom(batch.prefix.lengths, sequences, tokens);
  const parts = layersOf(model, {
    angles: (rope) => ({
      all: anglesAt(rope, tf.concat([positionsFrom(starts, prefixes, width), ownPositions])),
      own: anglesAt(rope, ownPositions),
    }),
    masks: (window) => prefixMasks(batch, config.heads / config.kvHeads, window),
  });
  const split = (rows: tf.Tensor2D) =>
    tf.split(rows, [prefixes * width, sequences * tokens]) as [tf.Tensor2D, tf.Tensor2D];

  const rows = ({ angles, masks }: PrefixParts, layer: number): LayerRows => {
    const { window } = config.layerForms[layer]!;
    const splitKeys = (allK: tf.Tensor2D, allV: tf.Tensor2D) => {
      const [[pastK, k], [pastV, v]] = [split(allK), split(allV)];
      const past = keysToHeads({ k: pastK, v: pastV }, prefixes, config);
      return {
        own: keysToHeads({ k, v }, prefixes, config),
        mask: masks.own,
        past: { ...past, mask: masks.past },
      };
    };
    if (layer === config.layers - 1) {
      return {
        angles: angles?.all ?? null,
        queries: { take: (all) => split(all)[1], angles: angles?.own ?? null },
        attend: (q, allK, allV) => attendRows(q, splitKeys(allK, allV), { config, sequences, window }),
      };
    }
    const attend: LayerRows['attend'] = (allQ, allK, allV) => {
      const [prefixQ, q] = split(allQ);
      const keys = splitKeys(allK, allV);
      const context = { config, sequences: prefixes, window };
      const prefix = attendRows(prefixQ, { own: keys.past, mask: masks.prefix }, context);
      return tf.concat([prefix, attendRows(q, keys, { config, sequences, window })]);
    };
    return { angles: angles?.all ?? null, attend };
  };
  const ids: tf.Tensor1D = tf.concat([tf.reshape(batch.prefix.ids, [-1]), tf.reshape(batch.ids, [-1])]);
  return { ids, parts, rows };
}

/** The masks of prefixes among themselves, of rows among themselves, and of rows on their prefix. */
function prefixMasks(
  batch: Required<DecoderBatch>,
  share: number,
  window: number | null,
): {
  readonly prefix: AttendedKeys['mask'];
  readonly own: AttendedKeys['mask'];
  readonly past: tf.Tensor4D | null;
} {
  const [prefixes, width] = batch.prefix.ids.shape;
  const [sequences, tokens] = batch.ids.shape;
  const { ids, lengths } = batch.prefix;
  const prefix = ownMask(ids, share, window);
  if (attendsInBlocks(width, tokens)) return { prefix, own: placesAfter(lengths, width, tokens), past: null };
  const sizes = { width, group: sequences / prefixes, tokens, share };
  return {
    prefix,
    own: causalMask(tokens, share, window),
    past:
      window === null
        ? lengthMask(lengths, tf.range(0, width, 1, 'int32'))
        : prefixWindowMask(lengths, sizes, window),
  };
}
