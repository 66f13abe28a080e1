import { attention } from '../engine/ops/attention.ts';
import { blockedAttention } from '../engine/ops/blocked-attention.ts';
import type { RotaryAngles } from '../engine/ops/rotary.ts';
import { takeRows } from '../engine/ops/take-rows.ts';
import * as tf from '../engine/tfjs.ts';
import { attendsInBlocks, blocking, type Places, places } from './attention/places.ts';
import type { ModelConfig } from './config/model-config.ts';

// Packed rows: every token of a batch is one row of [N, …]. Only attention needs to know which rows belong together.
// Letters: P prefixes, S tokens of a prefix, G sequences for each prefix, B = P·G, T tokens, K key/value heads, J query
// heads for each of them, d head dimension.

const HIDDEN = -1e30;

/** Splits rows of P sequences of M tokens into heads: [P·M, K·J·d] → [P, K, M·J, d]. */
function toHeads(rows: tf.Tensor2D, sequences: number, config: ModelConfig): tf.Tensor4D {
  const { kvHeads, headDim } = config;
  const tokens = rows.shape[0] / sequences;
  const share = rows.shape[1] / (kvHeads * headDim);
  const shape: [number, number, number, number] = [sequences, kvHeads, tokens * share, headDim];
  if (tokens === 1) return tf.reshape(rows, shape);
  const byToken = tf.reshape(rows, [sequences, tokens, kvHeads, share * headDim]);
  return tf.reshape(tf.transpose(byToken, [0, 2, 1, 3]), shape);
}

/** Undoes `toHeads`: [P, K, M·J, d] → [P·M, K·J·d], M = tokens. */
function fromHeads(x: tf.Tensor4D, tokens: number): tf.Tensor2D {
  const [sequences, kvHeads, queries, headDim] = x.shape;
  const width = (queries / tokens) * headDim;
  if (tokens === 1) return tf.reshape(x, [sequences, kvHeads * width]);
  const byHead = tf.reshape(x, [sequences, kvHeads, tokens, width]);
  return tf.reshape(tf.transpose(byHead, [0, 2, 1, 3]), [sequences * tokens, kvHeads * width]);
}

/**
 * Computes positions [B·T] of B rows of T tokens. A row counts from the end of its prefix: starts[floor(b / G)] + t.
 */
export function positionsFrom(starts: tf.Tensor1D, rows: number, tokens: number): tf.Tensor1D {
  const prefixes = starts.shape[0];
  const zeros = tf.fill([prefixes, rows / prefixes, tokens], 0, 'int32');
  const first = tf.add(zeros, tf.reshape(starts, [prefixes, 1, 1]));
  return tf.reshape(tf.add(first, tf.range(0, tokens, 1, 'int32')), [rows * tokens]);
}

/** Looks up the rotary angles of positions. */
export function anglesAt(rope: RotaryAngles, positions: tf.Tensor1D): RotaryAngles {
  return { cos: takeRows(rope.cos, positions), sin: takeRows(rope.sin, positions) };
}

/** Number of latest tokens that a token sees, itself included; null for all. */
type Window = number | null;

/** Makes the mask of causal attention among a sequence's own T keys, [T·J, T]. */
export function causalMask(tokens: number, share: number, window: Window): tf.Tensor2D {
  const key = tf.reshape(tf.range(0, tokens, 1, 'int32'), [1, tokens]);
  const all = tf.floorDiv(tf.range(0, tokens * share, 1, 'int32'), tf.scalar(share, 'int32'));
  const token = tf.reshape(all, [tokens * share, 1]);
  const later = tf.greater(key, token);
  if (window === null) return hide(later);
  return hide(tf.logicalOr(later, outside(key, token, window)));
}

/** What hides later tokens of sequences from earlier ones, ids [R, T]: a mask, or places for attention in blocks. */
export function ownMask(ids: tf.Tensor2D, share: number, window: Window): AttendedKeys['mask'] {
  const tokens = ids.shape[1];
  return attendsInBlocks(0, tokens) ? places(ids) : causalMask(tokens, share, window);
}

/** Where a key lies before the window of the token at `position`. */
export const outside = (key: tf.Tensor, position: tf.Tensor, window: number): tf.Tensor =>
  tf.lessEqual(key, tf.sub(position, tf.scalar(window, 'int32')));

/**
 * Makes the mask of causal attention among the tokens of one owner in rows of W tokens: owners [R, W] → [R, 1, W·J, W].
 */
export function ownersMask(owners: tf.Tensor2D, share: number, window: Window): tf.Tensor4D {
  const [rows, width] = owners.shape;
  const asking = tf.reshape(owners, [rows, 1, width, 1]);
  const other = tf.notEqual(asking, tf.reshape(owners, [rows, 1, 1, width]));
  const key = tf.range(0, width, 1, 'int32');
  const [keys, tokens] = [tf.reshape(key, [1, width]), tf.reshape(key, [width, 1])];
  const later = tf.greater(keys, tokens);
  const unseen = window === null ? later : tf.logicalOr(later, outside(keys, tokens, window));
  const hidden = hide<tf.Tensor4D>(tf.logicalOr(other, unseen));
  if (share === 1) return hidden;
  const shared = tf.tile(tf.reshape(hidden, [rows, width, 1, width]), [1, 1, share, 1]);
  return tf.reshape(shared, [rows, 1, width * share, width]);
}

/** Makes the mask of S key slots (0 … S − 1), of which sequence p uses the first lengths[p]: [P, 1, 1, S]. */
export function lengthMask(lengths: tf.Tensor1D, slots: tf.Tensor1D): tf.Tensor4D {
  const end = tf.reshape(lengths, [lengths.shape[0], 1, 1, 1]);
  return hide(tf.greaterEqual(tf.reshape(slots, [1, 1, 1, slots.shape[0]]), end));
}

/**
 * Makes the mask of S prefix keys for the T own tokens of each of G rows that continue it: those within the prefix's
 * length, and within the window of the token, which stands at position lengths[p] + t. → [P, 1, G·T·J, S].
 */
export function prefixWindowMask(
  lengths: tf.Tensor1D,
  sizes: { readonly width: number; readonly group: number; readonly tokens: number; readonly share: number },
  window: number,
): tf.Tensor4D {
  const { width, group, tokens, share } = sizes;
  const prefixes = lengths.shape[0];
  const key = tf.reshape(tf.range(0, width, 1, 'int32'), [1, 1, width]);
  const length = tf.reshape(lengths, [prefixes, 1, 1]);
  const position = tf.add(length, tf.reshape(tf.range(0, tokens, 1, 'int32'), [1, tokens, 1]));
  const hidden = tf.logicalOr(tf.greaterEqual(key, length), outside(key, position, window));
  const each = tf.reshape(hide(hidden), [prefixes, 1, tokens, 1, width]);
  const all = tf.tile(each, [1, group, 1, share, 1]);
  return tf.reshape(all, [prefixes, 1, group * tokens * share, width]);
}

/**
 * Makes the mask of S cached keys for one new token of each of B sequences, at position lengths[b]: those in use and
 * within the window. → [B, 1, 1, S].
 */
export function cacheMask(lengths: tf.Tensor1D, slots: tf.Tensor1D, window: Window): tf.Tensor4D {
  if (window === null) return lengthMask(lengths, slots);
  const position = tf.reshape(lengths, [lengths.shape[0], 1, 1, 1]);
  const key = tf.reshape(slots, [1, 1, 1, slots.shape[0]]);
  return hide(tf.logicalOr(tf.greaterEqual(key, position), outside(key, position, window)));
}

export function hide<T extends tf.Tensor>(hidden: tf.Tensor): T {
  return tf.mul(tf.cast(hidden, 'float32'), HIDDEN);
}

/** Keys and values of sequences, [P, K, tokens, d] each. */
export interface HeadKeys {
  readonly k: tf.Tensor4D;
  readonly v: tf.Tensor4D;
}

/** Splits rows of keys and values into heads: [P·M, K·d] → [P, K, M, d] each. */
export function keysToHeads(
  { k, v }: { readonly k: tf.Tensor2D; readonly v: tf.Tensor2D },
  sequences: number,
  config: ModelConfig,
): HeadKeys {
  return { k: toHeads(k, sequences, config), v: toHeads(v, sequences, config) };
}

/** The keys that the queries of B sequences attend to. */
export interface AttendedKeys {
  /** Each sequence's own keys, [P, K, G·T, d]. */
  readonly own: HeadKeys;
  /** Mask of the own keys, [T·J, T], or one for each sequence, [B, 1, T·J, T]; or the places of all keys. */
  readonly mask: tf.Tensor2D | tf.Tensor4D | Places;
  /** Keys [P, K, S, d] that G = B/P sequences share, with their mask [P, 1, 1, S] or [P, 1, G·T·J, S] if `mask` is one. */
  readonly past?: HeadKeys & { readonly mask: tf.Tensor4D | null };
}

/** What attention depends on besides queries and keys. */
export interface AttentionContext {
  readonly config: ModelConfig;
  /** B */
  readonly sequences: number;
  /** Number of latest tokens that a token sees, for attention in blocks. Masks know it already. */
  readonly window?: Window;
}

/** Computes attention for rows of queries: [B·T, K·J·d] → [B·T, K·J·d]. */
export function attendRows(
  q: tf.Tensor2D,
  { own, mask, past }: AttendedKeys,
  { config, sequences, window = null }: AttentionContext,
): tf.Tensor2D {
  const leaders = own.k.shape[0];
  const heads = toHeads(q, leaders, config);
  const attributes = {
    scale: config.attentionScale,
    softcap: config.attentionSoftcap ?? 0,
    groupSize: sequences / leaders,
  };
  const attended = () => {
    if (!(mask instanceof tf.Tensor)) {
      const { k, v } = own;
      const keys = past ? { k, v, prefixK: past.k, prefixV: past.v } : { k, v };
      const blocks = { window: window ?? 0, block: blocking.queries };
      return blockedAttention({ q: heads, ...keys, ...mask }, { ...attributes, ...blocks });
    }
    const inputs = { q: heads, ...own, mask };
    return past
      ? attention({ ...inputs, prefixK: past.k, prefixV: past.v, prefixMask: past.mask! }, attributes)
      : attention(inputs, attributes);
  };
  return fromHeads(attended(), q.shape[0] / leaders);
}
