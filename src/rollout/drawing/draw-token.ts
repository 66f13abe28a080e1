import { BLOCK, blockSums } from './block-sums.ts';
import { keptTokens, type Truncation } from './kept-tokens.ts';

/**
 * Temperatures below it are greedy decoding: logits divided by less may leave the range of float32. A recipe has none of
 * them, because its update divides by the same temperature.
 */
export const LEAST_TEMPERATURE = 1e-5;

/** The likeliest token; of several, the first. */
export function argmax(weights: Float32Array): number {
  let best = 0;
  for (let i = 1; i < weights.length; i++) if (weights[i]! > weights[best]!) best = i;
  return best;
}

/**
 * Draws a token from [V] probabilities, up to a factor, after top-k, top-p and min-p, in transformers' order: inverts
 * the cumulative distribution at u in [0, 1). Never returns a token of probability 0.
 */
export function drawToken(weights: Float32Array, truncation: Truncation, u: number): number {
  const { topK, topP, minP } = truncation;
  if (topK === 0 && topP >= 1 && minP <= 0) return drawFromAll(weights, u);
  const kept = keptTokens(weights, truncation);
  return kept.ids[placeOf(kept.weights, u * sumOf(kept.weights))]!;
}

/** Looks for the block first, then in the block. */
function drawFromAll(weights: Float32Array, u: number): number {
  const { sums, total } = blockSums(weights);
  const block = placeOf(sums, u * total);
  const start = block * BLOCK;
  const target = u * total - sumOf(sums.subarray(0, block));
  return start + placeOf(weights.subarray(start, start + BLOCK), target);
}

function sumOf(weights: Float64Array): number {
  let sum = 0;
  for (const weight of weights) sum += weight;
  return sum;
}

/** The place at which the sum of the weights passes `target`; the last with a weight when it does not. */
function placeOf(weights: Float32Array | Float64Array, target: number): number {
  let left = target;
  let last = 0;
  for (let i = 0; i < weights.length; i++) {
    const weight = weights[i]!;
    if (weight === 0) continue;
    if (left < weight) return i;
    left -= weight;
    last = i;
  }
  return last;
}
