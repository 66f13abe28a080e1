import * as tf from '../engine/tfjs.ts';
import { type DecoderModel, decoderLayer, embed, keysAndValues, norm } from './decoder.ts';
import {
  anglesAt,
  attendRows,
  cacheMask,
  type HeadKeys,
  keysToHeads,
  ownMask,
  positionsFrom,
} from './forward-rows.ts';
import { layersOf } from './layers.ts';

// Decoding with a key/value cache that belongs to the caller. These functions read the cache, and return the keys and
// values that the caller appends to it.

/**
 * Computes keys and values of right-padded prompts: ids [P, S] int32 → [P, K, S, d] for each layer. Values at padding
 * have no meaning. It computes no logits, because decoding starts with the last token of the prompt.
 */
export function prefill(model: DecoderModel, ids: tf.Tensor2D): HeadKeys[] {
  const { config } = model;
  const [sequences, tokens] = ids.shape;
  const starts = tf.fill<tf.Rank.R1>([sequences], 0, 'int32');
  const positions = positionsFrom(starts, sequences, tokens);
  const layers = layersOf(model, {
    angles: (rope) => anglesAt(rope, positions),
    masks: (window) => ownMask(ids, config.heads / config.kvHeads, window),
  });
  const keys: HeadKeys[] = [];
  let x = embed(model, tf.reshape(ids, [-1]));
  const last = config.layers - 1;
  for (let index = 0; index < last; index++) {
    const { angles, masks: mask } = layers(index);
    const { window } = config.layerForms[index]!;
    const attend = (q: tf.Tensor2D, k: tf.Tensor2D, v: tf.Tensor2D) => {
      const own = keysToHeads({ k, v }, sequences, config);
      keys.push(own);
      return attendRows(q, { own, mask }, { config, sequences, window });
    };
    x = decoderLayer(model, index, x, { angles, attend });
  }
  const normed = norm(model, `model.layers.${last}.input_layernorm`, x);
  return [...keys, keysToHeads(keysAndValues(model, last, normed, layers(last).angles), sequences, config)];
}

/** One token of each of B sequences, with the keys and values of the tokens before it. */
export interface DecodeStep {
  /** [B] int32 */
  readonly ids: tf.Tensor1D;
  /** Position of each token, [B] int32. */
  readonly positions: tf.Tensor1D;
  /** The cache: [B, K, S, d] for each layer. */
  readonly past: readonly HeadKeys[];
  /** Number of cached tokens in use, [B] int32. Later ones are ignored. */
  readonly lengths: tf.Tensor1D;
  /** 0 … S − 1, int32. This is an input because S may differ between calls of one trace. */
  readonly slots: tf.Tensor1D;
}

/**
 * Computes one decoding step. Returns the final-normed hidden states of the tokens, [B, D], and their keys and values,
 * [B, K, 1, d] for each layer, which the caller appends. B and S change only shapes, so one trace serves all sizes.
 */
export function decodeStep(
  model: DecoderModel,
  step: DecodeStep,
): { readonly hidden: tf.Tensor2D; readonly keys: HeadKeys[] } {
  const { config } = model;
  const sequences = step.ids.shape[0];
  const mask = tf.zeros<tf.Rank.R2>([1, 1]);
  const layers = layersOf(model, {
    angles: (rope) => anglesAt(rope, step.positions),
    masks: (window) => cacheMask(step.lengths, step.slots, window),
  });
  const keys: HeadKeys[] = [];
  let x = embed(model, step.ids);
  for (let index = 0; index < config.layers; index++) {
    const { angles, masks: pastMask } = layers(index);
    const attend = (q: tf.Tensor2D, k: tf.Tensor2D, v: tf.Tensor2D) => {
      const own = keysToHeads({ k, v }, sequences, config);
      keys.push(own);
      return attendRows(
        q,
        { own, mask, past: { ...step.past[index]!, mask: pastMask } },
        { config, sequences },
      );
    };
    x = decoderLayer(model, index, x, { angles, attend });
  }
  return { hidden: norm(model, 'model.norm', x), keys };
}
