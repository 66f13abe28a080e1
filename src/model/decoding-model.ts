import type { HostTensor } from '../engine/engine.ts';
import type { CacheDimensions, KvCache } from './kv-cache.ts';

/** A model as the decoding loop uses it. Its weights and β stay the same for the whole call. */
export interface DecodingModel {
  readonly cache: CacheDimensions;
  readonly vocabSize: number;
  /** Number of positions of the model. */
  readonly maxPositions: number;
  /** Computes keys and values of right-padded prompts: ids [P, T] → [k0, v0, …], each [P, KV, T, headDim]. */
  prefill(ids: HostTensor, lengths: HostTensor): Promise<readonly HostTensor[]>;
  /**
   * After ids [B] at positions `cache.lengths`: next-token probabilities [B, V] at a temperature, each row's greatest
   * logit divided by it [B], and the new keys and values.
   */
  step(
    ids: Int32Array,
    cache: KvCache,
    temperature: number,
  ): Promise<{
    readonly probabilities: Float32Array;
    readonly topLogits: Float32Array;
    readonly tensors: readonly HostTensor[];
  }>;
}
