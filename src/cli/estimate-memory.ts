import type { PolicyDimensions } from '../policy/policy.ts';
import type { Recipe } from '../recipe/recipe.ts';

const FLOAT = 4;

/** Bytes of a weight in memory, by the dtype of the base: its own, and those of the packed copy where there is one. */
const weightBytes = {
  float32: 2 * FLOAT,
  bfloat16: 2,
  q8: 1 + FLOAT / 32,
  q4: 2 * (1 / 2 + FLOAT / 32),
} as const;

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
  const { sampling, optimizer, objective } = recipe;
  const { layers, hiddenSize, intermediateSize, kvHeads, headDim, vocabSize } = sizes;
  const length = sampling.maxPromptLength + sampling.maxNewTokens;
  const sequences = sampling.promptsPerStep * (objective === 'sft' ? 1 : sampling.groupSize);
  const decoded = Math.max(
    objective === 'sft' ? 0 : sequences,
    Math.min(recipe.eval.batchSize, recipe.eval.tasks),
  );
  const trained = Math.min(optimizer.microBatchSize, sequences) * length;
  const parts = {
    weights: sizes.totalParameters * weightBytes[recipe.runtime.baseDtype],
    optimizer: 3 * sizes.trainableParameters * FLOAT,
    kvCache: decoded * length * layers * 2 * kvHeads * headDim * FLOAT,
    activations: trained * (layers * (10 * hiddenSize + 4 * intermediateSize) + 2 * vocabSize) * FLOAT,
  };
  const total = Object.values(parts).reduce((sum, part) => sum + part, 0);
  return { ...parts, total };
}
