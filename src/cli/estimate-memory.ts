import { bytesPerWeight } from '../model/weights/base-weights.ts';
import type { PolicyDimensions } from '../policy/policy.ts';
import type { Recipe } from '../recipe/recipe.ts';

const FLOAT = 4;

/** How often weights are in memory: decoding works with a packed copy of those that gain by it. */
const copies = { float32: 2, bfloat16: 1, q8: 1, q4: 2 } as const;

/** Bytes of memory that a run is expected to take, by use. */
export interface MemoryEstimate {
  /** The model's weights, and the packed copy that decoding works with, where it has one. */
  readonly weights: number;
  /** Gradients and AdamW's two moments of what is trained. */
  readonly optimizer: number;
  /** Keys and values of the sequences sampled together, at their longest. */
  readonly kvCache: number;
  /** What one micro-batch keeps for its backward pass, at its longest. */
  readonly activations: number;
  readonly total: number;
}

/**
 * Estimates a run's memory from sizes alone. Numbers but weights are float32, and sequences have their greatest length:
 *   weights      N · 8 bytes; 2 in a base of bfloat16, 1.125 of q8, 1.25 of q4
 *   optimizer    3 · trained · 4
 *   kvCache      B · (P + T) · L · 2 · kvHeads · headDim · 4, with P prompt tokens and T new ones
 *   activations  tokens of a micro-batch · (L · (10 D + 4 F) + 2 V) · 4, with F the width of the MLP
 * Engines need buffers besides, so a run takes more.
 */
export function estimateMemory(recipe: Recipe, sizes: PolicyDimensions): MemoryEstimate {
  const { sampling, optimizer, objective, runtime } = recipe;
  const { baseDtype } = runtime;
  const { layers, hiddenSize, intermediateSize, kvHeads, headDim, vocabSize } = sizes;
  const length = sampling.maxPromptLength + sampling.maxNewTokens;
  const sequences = sampling.promptsPerStep * (objective === 'sft' ? 1 : sampling.groupSize);
  const decoded = Math.max(
    objective === 'sft' ? 0 : sequences,
    Math.min(recipe.eval.batchSize, recipe.eval.tasks),
  );
  const { microBatchSize = sequences, microBatchTokens = Number.POSITIVE_INFINITY } = optimizer;
  const trained = Math.min(Math.min(microBatchSize, sequences) * length, Math.max(microBatchTokens, length));
  const parts = {
    weights: copies[baseDtype] * sizes.totalParameters * bytesPerWeight[baseDtype],
    optimizer: 3 * sizes.trainableParameters * FLOAT,
    kvCache: decoded * length * layers * 2 * kvHeads * headDim * FLOAT,
    activations: trained * (layers * (10 * hiddenSize + 4 * intermediateSize) + 2 * vocabSize) * FLOAT,
  };
  const total = Object.values(parts).reduce((sum, part) => sum + part, 0);
  return { ...parts, total };
}
