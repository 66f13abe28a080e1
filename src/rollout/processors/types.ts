/**
 * Changes one row of logits [V] in place before a token is drawn from softmax(logits). Removed tokens become -Infinity.
 * `previousIds` are the ids of prompt and completion so far.
 */
export type LogitsProcessor = (logits: Float32Array, previousIds: ArrayLike<number>) => void;
