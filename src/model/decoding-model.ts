import type { HostTensor } from '../engine/engine.ts';
import type { CacheDimensions, KvCache } from './kv-cache.ts';

/** What the decoding loop needs of a model: its weights and β are inside, fixed for the whole call. */
export interface DecodingModel {
  readonly cache: CacheDimensions;
  readonly vocabSize: number;
  /** Positions that the model can address. */
  readonly maxPositions: number;
  /** Keys and values of prompts, ids [P, T] right-padded → [k0, v0, …], each [P, KV, T, headDim]. */
  prefill(ids: HostTensor, lengths: HostTensor): Promise<readonly HostTensor[]>;
  /**
   * After ids [B] at positions `cache.lengths`: next-token probabilities [B, V] at a temperature, each row's greatest logit divided by
   * it [B], and the new keys and values.
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
