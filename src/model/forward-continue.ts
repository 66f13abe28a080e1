import * as tf from '../engine/tfjs.ts';
import { type DecoderModel, decoderLayer, embed, keysAndValues, norm } from './decoder.ts';
import { anglesAt, attendRows, type HeadKeys, hide, keysToHeads, outside } from './forward-rows.ts';
import { layersOf } from './layers.ts';

/** Right-padded texts that continue P cached ones. */
export interface ContinuedTexts {
  /** [P, T] int32 */
  readonly ids: tf.Tensor2D;
  /** The cache: [P, K, S, d] for each layer. */
  readonly past: readonly HeadKeys[];
  /** Number of cached tokens in use, [P] int32. Later ones are ignored. */
  readonly lengths: tf.Tensor1D;
  /** 0 … S − 1 and 0 … T − 1, int32. These are inputs because S and T may differ between calls of one trace. */
  readonly slots: tf.Tensor1D;
  readonly offsets: tf.Tensor1D;
}

/**
 * Computes keys and values of texts that go on after cached tokens: [P, K, T, d] for each layer. Values at padding have
 * no meaning. P, S and T change only shapes, so one trace serves all sizes.
 */
export function continuePrefill(model: DecoderModel, texts: ContinuedTexts): HeadKeys[] {
  const { config } = model;
  const last = config.layers - 1;
  const { x, keys, layers } = throughLayers(model, texts, last);
  const normed = norm(model, `model.layers.${last}.input_layernorm`, x);
  const own = keysAndValues(model, last, normed, layers(last).angles);
  return [...keys, keysToHeads(own, texts.ids.shape[0], config)];
}

/** The same, and the final-normed hidden states of the texts' tokens, [P·T, D]. */
export function continueForward(
  model: DecoderModel,
  texts: ContinuedTexts,
): { readonly hidden: tf.Tensor2D; readonly keys: readonly HeadKeys[] } {
  const { x, keys } = throughLayers(model, texts, model.config.layers);
  return { hidden: norm(model, 'model.norm', x), keys };
}

/** Takes texts through the first `count` layers. */
function throughLayers(model: DecoderModel, texts: ContinuedTexts, count: number) {
  const { config } = model;
  const { ids, past } = texts;
  const sequences = ids.shape[0];
  const positions = positionsOf(texts);
  const layers = layersOf(model, {
    angles: (rope) => anglesAt(rope, tf.reshape(positions, [-1])),
    masks: (window) => masksOf(texts, positions, { share: config.heads / config.kvHeads, window }),
  });
  const keys: HeadKeys[] = [];
  let x = embed(model, tf.reshape(ids, [-1]));
  for (let index = 0; index < count; index++) {
    const { angles, masks } = layers(index);
    const attend = (q: tf.Tensor2D, k: tf.Tensor2D, v: tf.Tensor2D) => {
      const own = keysToHeads({ k, v }, sequences, config);
      keys.push(own);
      const attended = { own, mask: masks.own, past: { ...past[index]!, mask: masks.past } };
      return attendRows(q, attended, { config, sequences });
    };
    x = decoderLayer(model, index, x, { angles, attend });
  }
  return { x, keys, layers };
}

/** Positions of the tokens, [P, T]. */
function positionsOf({ ids, lengths, offsets }: ContinuedTexts): tf.Tensor2D {
  const [texts, tokens] = ids.shape;
  return tf.add(tf.reshape(lengths, [texts, 1]), tf.reshape(offsets, [1, tokens]));
}

/** The masks of own keys, [T·J, T], and of cached keys, [P, 1, T·J, S] in a window, else [P, 1, 1, S]. */
function masksOf(
  { ids, slots, offsets, lengths }: ContinuedTexts,
  positions: tf.Tensor2D,
  { share, window }: { readonly share: number; readonly window: number | null },
): { readonly own: tf.Tensor2D; readonly past: tf.Tensor4D } {
  const [texts, tokens] = ids.shape;
  const size = slots.shape[0];
  const key = tf.reshape(offsets, [1, tokens]);
  const each = tf.tile(tf.reshape(offsets, [tokens, 1]), [1, share]);
  const token = tf.reshape(each, [tokens * share, 1]);
  const later = tf.greater(key, token);
  const unused = tf.greaterEqual(tf.reshape(slots, [1, 1, 1, size]), tf.reshape(lengths, [texts, 1, 1, 1]));
  if (window === null) return { own: hide(later), past: hide(unused) };
  const asking = tf.tile(tf.reshape(positions, [texts, 1, tokens, 1]), [1, 1, 1, share]);
  const rows = tf.reshape(asking, [texts, 1, tokens * share, 1]);
  const past = tf.logicalOr(unused, outside(tf.reshape(slots, [1, 1, 1, size]), rows, window));
  return { own: hide(tf.logicalOr(later, outside(key, token, window))), past: hide(past) };
}
