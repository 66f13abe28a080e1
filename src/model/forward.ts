import { linear } from '../engine/ops/linear.ts';
import { type HeadOutputs, logprobHead } from '../engine/ops/logprob-head.ts';
import { takeRows } from '../engine/ops/take-rows.ts';
import * as tf from '../engine/tfjs.ts';
import { type DecoderModel, decoderLayer, embed, type LayerRows, norm, parameter } from './decoder.ts';
import {
  anglesAt,
  attendRows,
  causalMask,
  keysToHeads,
  lengthMask,
  ownersMask,
  positionsFrom,
} from './forward-rows.ts';

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
  const plan = batch.prefix
    ? planWithPrefix(model, { ...batch, prefix: batch.prefix })
    : planPlain(model, batch.ids);
  return forwardBy(plan, model, observe);
}

/**
 * Computes the final-normed hidden states of the wanted tokens of shared rows, [N, D]. A token attends to those of its
 * own example. The last layer's MLP runs on the wanted tokens alone.
 */
export function sharedForward(model: DecoderModel, batch: SharedBatch): tf.Tensor2D {
  return forwardBy(planShared(model, batch), model);
}

function forwardBy(plan: Plan, model: DecoderModel, observe?: Observe): tf.Tensor2D {
  const { config } = model;
  let x = embed(model, plan.ids);
  observe?.(0, x);
  for (let index = 0; index < config.layers; index++) {
    x = decoderLayer(model, index, x, index === config.layers - 1 ? plan.last : plan.rows);
    observe?.(index + 1, x);
  }
  return norm(model, 'model.norm', x);
}

/** Computes logits over the vocabulary: hidden [N, D] → [N, V]. */
export function logits(model: DecoderModel, hidden: tf.Tensor2D): tf.Tensor2D {
  return linear(hidden, headWeight(model));
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
  return logprobHead({ ...rows, weight: headWeight(model) }, options);
}

function headWeight({ config, parameters }: DecoderModel): tf.Tensor2D {
  const name = config.tieWordEmbeddings ? 'model.embed_tokens.weight' : 'lm_head.weight';
  return parameter(parameters, name) as tf.Tensor2D;
}

/** The rows of a batch, and how they attend: `rows` in all layers but the last, `last` in the last. */
interface Plan {
  /** Token id of each row, [N] int32. */
  readonly ids: tf.Tensor1D;
  readonly rows: LayerRows;
  readonly last: LayerRows;
}

function planPlain({ config, rope }: DecoderModel, ids: tf.Tensor2D): Plan {
  const [sequences, tokens] = ids.shape;
  const mask = causalMask(tokens, config.heads / config.kvHeads);
  const starts = tf.fill<tf.Rank.R1>([sequences], 0, 'int32');
  const rows: LayerRows = {
    angles: anglesAt(rope, positionsFrom(starts, sequences, tokens)),
    attend: (q, k, v) =>
      attendRows(q, { own: keysToHeads({ k, v }, sequences, config), mask }, { config, sequences }),
  };
  return { ids: tf.reshape(ids, [-1]), rows, last: rows };
}

function planShared({ config, rope }: DecoderModel, batch: SharedBatch): Plan {
  const { ids, positions, owners, predicting } = batch;
  const sequences = ids.shape[0];
  const mask = ownersMask(owners, config.heads / config.kvHeads);
  const rows: LayerRows = {
    angles: anglesAt(rope, tf.reshape(positions, [-1])),
    attend: (q, k, v) =>
      attendRows(q, { own: keysToHeads({ k, v }, sequences, config), mask }, { config, sequences }),
  };
  return {
    ids: tf.reshape(ids, [-1]),
    rows,
    last: { ...rows, wanted: (attended) => takeRows(attended, predicting) },
  };
}

function planWithPrefix({ config, rope }: DecoderModel, batch: Required<DecoderBatch>): Plan {
  const [prefixes, width] = batch.prefix.ids.shape;
  const [sequences, tokens] = batch.ids.shape;
  const share = config.heads / config.kvHeads;
  const masks = {
    prefix: causalMask(width, share),
    own: causalMask(tokens, share),
    past: lengthMask(batch.prefix.lengths, tf.range(0, width, 1, 'int32')),
  };
  const split = (rows: tf.Tensor2D) =>
    tf.split(rows, [prefixes * width, sequences * tokens]) as [tf.Tensor2D, tf.Tensor2D];
  const splitKeys = (allK: tf.Tensor2D, allV: tf.Tensor2D) => {
    const [[pastK, k], [pastV, v]] = [split(allK), split(allV)];
    const past = keysToHeads({ k: pastK, v: pastV }, prefixes, config);
    return {
      own: keysToHeads({ k, v }, prefixes, config),
      mask: masks.own,
      past: { ...past, mask: masks.past },
    };
  };

  const starts = tf.fill<tf.Rank.R1>([prefixes], 0, 'int32');
  const ownPositions = positionsFrom(batch.prefix.lengths, sequences, tokens);
  const angles = anglesAt(rope, tf.concat([positionsFrom(starts, prefixes, width), ownPositions]));
  const attend: LayerRows['attend'] = (allQ, allK, allV) => {
    const [prefixQ, q] = split(allQ);
    const keys = splitKeys(allK, allV);
    const context = { config, sequences: prefixes };
    const prefix = attendRows(prefixQ, { own: keys.past, mask: masks.prefix }, context);
    return tf.concat([prefix, attendRows(q, keys, { config, sequences })]);
  };
  const last: LayerRows = {
    angles,
    queries: { take: (rows) => split(rows)[1], angles: anglesAt(rope, ownPositions) },
    attend: (q, allK, allV) => attendRows(q, splitKeys(allK, allV), { config, sequences }),
  };
  const ids: tf.Tensor1D = tf.concat([tf.reshape(batch.prefix.ids, [-1]), tf.reshape(batch.ids, [-1])]);
  return { ids, rows: { angles, attend }, last };
}
