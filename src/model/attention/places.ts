import * as tf from '../../engine/tfjs.ts';

// Attention in blocks (engine/ops/blocked-attention.ts) knows tokens by their places in place of a mask of all pairs.

/**
 * From which number of keys on attention goes in blocks, and how many tokens' queries form one. Below, all scores of a
 * layer are held at once. A test may set smaller numbers.
 */
export const blocking = { keys: 1025, queries: 512 };

/**
 * Tells whether T tokens attend in blocks to themselves and a prefix of S tokens: if there are more than 1,024 keys, and
 * more than one block. The number of ops of a program then depends on S and T.
 */
export const attendsInBlocks = (prefixTokens: number, tokens: number): boolean =>
  prefixTokens + tokens >= blocking.keys && tokens > blocking.queries;

/** Where the tokens and keys of sequences stand, for attention in blocks: see `blockedAttention`. */
export type Places = { readonly queryAt: tf.Tensor2D; readonly keyAt: tf.Tensor2D };

/** The place of padding among the keys of a prefix: after every token. */
const NOWHERE = 2 ** 30;

/**
 * The places of R sequences of T tokens by themselves: ids [R, T]. They are computed from an input so that no engine
 * folds the masks that are made of them.
 */
export function places(ids: tf.Tensor2D): Places {
  const nothing = tf.mul(ids, tf.scalar(0, 'int32'));
  const at = tf.add(nothing, tf.range(0, ids.shape[1], 1, 'int32')) as tf.Tensor2D;
  return { queryAt: at, keyAt: at };
}

/** The places of tokens of several owners in a row, [R, W]: those of different owners are W or more apart. */
export function ownersPlaces(owners: tf.Tensor2D): Places {
  const [, width] = owners.shape;
  const first = tf.mul(owners, tf.scalar(2 * width, 'int32'));
  const at = tf.add(first, tf.range(0, width, 1, 'int32')) as tf.Tensor2D;
  return { queryAt: at, keyAt: at };
}

/** The places of T tokens that continue prefixes of unequal lengths, padded to S: lengths [P] → [P, T] and [P, S + T]. */
export function placesAfter(lengths: tf.Tensor1D, prefixTokens: number, tokens: number): Places {
  const starts = tf.reshape(lengths, [-1, 1]);
  const queryAt = tf.add(starts, tf.range(0, tokens, 1, 'int32')) as tf.Tensor2D;
  const slots = tf.range(0, prefixTokens, 1, 'int32');
  const beyond = tf.cast(tf.greaterEqual(slots, starts), 'int32');
  const prefix = tf.add(slots, tf.mul(beyond, tf.scalar(NOWHERE, 'int32')));
  return { queryAt, keyAt: tf.concat([prefix as tf.Tensor2D, queryAt], 1) };
}
