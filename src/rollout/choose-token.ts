import type { RandomStream } from '../random.ts';
import { chain, type ProcessorOrder } from './processors/index.ts';

/** Which tokens may be drawn. The temperature is already in the distribution. */
export interface Truncation {
  readonly topP: number;
  /** 0 keeps every token. */
  readonly topK: number;
  readonly minP: number;
}

/** The likeliest token; of several, the first. */
export function argmax(probabilities: Float32Array): number {
  let best = 0;
  for (let i = 1; i < probabilities.length; i++) if (probabilities[i]! > probabilities[best]!) best = i;
  return best;
}

/** Draws a token from [V] probabilities, up to a factor, after top-k, top-p and min-p, in transformers' order. */
export function drawToken(probabilities: Float32Array, truncation: Truncation, stream: RandomStream): number {
  const { topK, topP, minP } = truncation;
  const order: ProcessorOrder = [
    ...(topK > 0 ? ([['topK', topK]] as const) : []),
    ...(topP < 1 ? ([['topP', topP]] as const) : []),
    ...(minP > 0 ? ([['minP', minP]] as const) : []),
  ];
  return draw(order.length === 0 ? probabilities : truncated(probabilities, order), stream.next());
}

/** The probabilities that survive truncation, not renormalised. */
function truncated(probabilities: Float32Array, order: ProcessorOrder): Float32Array {
  const logits = probabilities.map(Math.log);
  chain(order)(logits, []);
  return logits.map(Math.exp);
}

/** Inverts the cumulative distribution at u in [0, 1). Never returns a token of probability 0. */
function draw(weights: Float32Array, u: number): number {
  let total = 0;
  for (let i = 0; i < weights.length; i++) total += weights[i]!;
  let left = u * total;
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
