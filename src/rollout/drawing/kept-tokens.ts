import { binOf, type Histogram, histogram, leastIn } from './histogram.ts';
import { kthGreatest } from './kth-greatest.ts';
import { nucleusBoundary } from './nucleus-boundary.ts';

/** Which tokens may be drawn. The temperature is already in the distribution. */
export interface Truncation {
  /** Nucleus sampling (https://arxiv.org/abs/1904.09751); 1 keeps every token. */
  readonly topP: number;
  /** 0 keeps every token. */
  readonly topK: number;
  /** Least share of the likeliest token's probability (https://arxiv.org/abs/2407.01082); 0 keeps every token. */
  readonly minP: number;
}

/** Tokens in the order of their ids, with their weights. */
export interface KeptTokens {
  readonly ids: Int32Array;
  readonly weights: Float64Array;
}

/**
 * The tokens that survive top-k, then top-p, then min-p, as in transformers. `weights` [V] are probabilities up to a
 * factor.
 *
 * Top-k keeps all that tie with the k-th. Top-p removes tokens from the least likely up while the removed probability
 * stays ≤ 1 − p; the likeliest token stays, and of tokens that tie at the boundary the first ids go. V is never sorted:
 * a histogram tells which bin a boundary lies in, and only the tokens of that bin are selected from.
 */
export function keptTokens(weights: Float32Array, { topK, topP, minP }: Truncation): KeptTokens {
  const bins = histogram(weights);
  // transformers multiplies float32 numbers.
  const share = Math.fround(Math.fround(minP) * bins.greatest);
  if (topK === 0 || topK >= weights.length) return keptByMass(weights, bins, { topP, share });
  const most = mostLikely(weights, bins, topK);
  return filtered(topP < 1 ? inNucleus(most, { topP }) : most, (weight) => weight >= share);
}

function mostLikely(weights: Float32Array, bins: Histogram, topK: number): KeptTokens {
  let bin = bins.counts.length;
  for (let above = 0; above < topK; ) above += bins.counts[--bin]!;
  const tokens = atLeast(weights, bins, leastIn(bin));
  // Tokens of weight 0 are not among them.
  if (tokens.ids.length <= topK) return tokens;
  const limit = kthGreatest(tokens.weights, topK);
  return filtered(tokens, (weight) => weight >= limit);
}

/** Top-p and min-p. Both remove the least likely tokens, so the one that removes more decides. */
function keptByMass(
  weights: Float32Array,
  bins: Histogram,
  { topP, share }: { readonly topP: number; readonly share: number },
): KeptTokens {
  if (topP >= 1) return atLeast(weights, bins, share);
  const budget = (1 - topP) * bins.total;
  const last = binOf(bins.greatest);
  let bin = 0;
  let gone = 0;
  while (bin < last && gone + bins.masses[bin]! <= budget) gone += bins.masses[bin++]!;
  if (leastIn(bin + 1) <= share) return atLeast(weights, bins, share);
  const tokens = atLeast(weights, bins, leastIn(bin));
  const nucleus = inNucleus(tokens, { topP, gone, budget, upTo: leastIn(bin + 1) });
  return share > leastIn(bin) ? filtered(nucleus, (weight) => weight >= share) : nucleus;
}

interface Nucleus {
  readonly topP: number;
  /** What went before these tokens, what may go in all, and a weight that the boundary lies below. */
  readonly gone?: number;
  readonly budget?: number;
  readonly upTo?: number;
}

function inNucleus(tokens: KeptTokens, { topP, gone = 0, budget, upTo = Infinity }: Nucleus): KeptTokens {
  const { weights } = tokens;
  const members = weights.filter((weight) => weight < upTo);
  const most = budget ?? (1 - topP) * sumOf(weights);
  const { weight: limit, ties } = nucleusBoundary(members, { gone, budget: most });
  let tied = 0;
  return filtered(tokens, (weight) => weight > limit || (weight === limit && tied++ >= ties));
}

function sumOf(weights: Float64Array): number {
  let sum = 0;
  for (const weight of weights) sum += weight;
  return sum;
}

/** Tokens of at least some weight, and more than 0. */
function atLeast(weights: Float32Array, { counts }: Histogram, least: number): KeptTokens {
  let most = 0;
  for (let bin = binOf(least); bin < counts.length; bin++) most += counts[bin]!;
  const ids = new Int32Array(most);
  const found = new Float64Array(most);
  let count = 0;
  for (let id = 0; id < weights.length; id++) {
    const weight = weights[id]!;
    if (weight < least || weight === 0) continue;
    ids[count] = id;
    found[count++] = weight;
  }
  return { ids: ids.subarray(0, count), weights: found.subarray(0, count) };
}

function filtered(tokens: KeptTokens, keeps: (weight: number) => boolean): KeptTokens {
  const ids = new Int32Array(tokens.ids.length);
  const weights = new Float64Array(tokens.ids.length);
  let count = 0;
  for (let i = 0; i < tokens.ids.length; i++) {
    const weight = tokens.weights[i]!;
    if (!keeps(weight)) continue;
    ids[count] = tokens.ids[i]!;
    weights[count++] = weight;
  }
  return { ids: ids.subarray(0, count), weights: weights.subarray(0, count) };
}
