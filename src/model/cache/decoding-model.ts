import type { HostTensor } from '../../engine/engine.ts';
import type { CacheDimensions, KvCache } from './kv-cache.ts';

/** What a step of decoding computes for each row. */
export interface DecodeOutputs {
  /** The likeliest token, [B]; of several, the first. */
  readonly likeliest: ArrayLike<number>;
  /** Its probability and its logit divided by the row's temperature, [B] each. */
  readonly topProbabilities: Float32Array;
  readonly topLogits: Float32Array;
  /** Next-token probabilities at each row's temperature, [B, V]; left out where nobody wants them. */
  readonly probabilities?: Float32Array | undefined;
  /** The new keys and values, in the order of `KvCache.tensors`. */
  readonly tensors: readonly HostTensor[];
}

/** A model as the decoding loop uses it. Its weights and β stay the same for the whole call. */
export interface DecodingModel {
  readonly cache: CacheDimensions;
  readonly vocabSize: number;
  /** Number of positions of the model. */
  readonly maxPositions: number;
  /** Computes keys and values of right-padded prompts: ids [P, T] → [k0, v0, …], each [P, KV, T, headDim]. */
  prefill(ids: HostTensor, lengths: HostTensor): Promise<readonly HostTensor[]>;
  /**
   * The same for right-padded texts that continue the cache's rows from `first` on: ids [P, T] at the positions from
   * `cache.lengths` on.
   */
  extend(ids: HostTensor, cache: KvCache, first: number): Promise<readonly HostTensor[]>;
  /**
   * One step after ids [B] at positions `cache.lengths`, with a temperature for each row, [B]. `drawing` says whether
   * probabilities are wanted.
   */
  step(
    ids: Int32Array,
    cache: KvCache,
    options: { readonly temperatures: Float32Array; readonly drawing: boolean },
  ): Promise<DecodeOutputs>;
  /**
   * The steps after each of T tokens of every row at once: right-padded ids [B, T] at the positions from `cache.lengths`
   * on, each after those before it. Outputs are those of B·T rows, those of a row's tokens together; `tensors` are [B,
   * KV, T, headDim]. Only the target of a draft needs it.
   */
  verify?(
    ids: HostTensor,
    cache: KvCache,
    options: { readonly temperatures: Float32Array; readonly drawing: boolean },
  ): Promise<DecodeOutputs>;
}
