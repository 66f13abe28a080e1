import type { RandomStream } from '../../random.ts';
import { keptTokens, type Truncation } from '../drawing/kept-tokens.ts';

/** A distribution over the vocabulary, up to a factor: all tokens, or those that a truncation keeps. */
export interface Distribution {
  /** In ascending order; all ids from 0 on when left out. */
  readonly ids?: Int32Array;
  readonly weights: Float32Array | Float64Array;
  readonly total: number;
}

/** What a truncation leaves of [V] probabilities. */
export function truncated(weights: Float32Array, truncation: Truncation): Distribution {
  const { topK, topP, minP } = truncation;
  if (topK === 0 && topP >= 1 && minP <= 0) return { weights, total: sumOf(weights) };
  const kept = keptTokens(weights, truncation);
  return { ...kept, total: sumOf(kept.weights) };
}

/** The probability of a token. */
function probabilityOf({ ids, weights, total }: Distribution, id: number): number {
  const at = ids === undefined ? id : placeOfId(ids, id);
  return at < 0 ? 0 : weights[at]! / total;
}

/**
 * Speculative sampling of one token (https://arxiv.org/abs/2211.17192, algorithm 1): a proposal x that was drawn from q
 * is accepted with probability min(1, p(x)/q(x)); else a token is drawn from max(0, p − q), normalised. The outcome is
 * distributed as p. It is the proposal exactly when that was accepted.
 */
export function acceptOrReplace(
  { p, q, proposal }: { readonly p: Distribution; readonly q: Distribution; readonly proposal: number },
  stream: RandomStream,
): number {
  if (stream.next() * probabilityOf(q, proposal) < probabilityOf(p, proposal)) return proposal;
  const [rest, u] = [restOf(p, q), stream.next()];
  if (rest.total > 0) return drawAt(rest, u);
  // Nothing is left by rounding: p and q are one.
  return probabilityOf(p, proposal) > 0 ? proposal : drawAt(p, u);
}

/** max(0, p − q), up to a factor. */
function restOf(p: Distribution, q: Distribution): Distribution {
  const weights = new Float64Array(p.weights.length);
  for (let i = 0; i < weights.length; i++)
    weights[i] = Math.max(0, p.weights[i]! / p.total - probabilityOf(q, p.ids?.[i] ?? i));
  return { ...(p.ids && { ids: p.ids }), weights, total: sumOf(weights) };
}

/** Draws by inverting the cumulative distribution at u in [0, 1). */
function drawAt({ ids, weights, total }: Distribution, u: number): number {
  let [left, last] = [u * total, 0];
  for (const [i, weight] of weights.entries()) {
    if (weight === 0) continue;
    last = i;
    if (left < weight) break;
    left -= weight;
  }
  return ids?.[last] ?? last;
}

/** The place of an id among ascending ones; −1 where it is not among them. */
function placeOfId(ids: Int32Array, id: number): number {
  let [low, high] = [0, ids.length - 1];
  while (low <= high) {
    const middle = (low + high) >> 1;
    if (ids[middle] === id) return middle;
    if (ids[middle]! < id) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
}

function sumOf(weights: Float32Array | Float64Array): number {
  let sum = 0;
  for (const weight of weights) sum += weight;
  return sum;
}
