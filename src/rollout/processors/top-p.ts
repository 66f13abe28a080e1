import type { LogitsProcessor } from './types.ts';

/**
 * Nucleus sampling (https://arxiv.org/abs/1904.09751) as transformers does it: from the least likely token up, removes
 * tokens while the removed probability stays ≤ 1 − p; the most likely token always stays, and of tokens that tie at
 * the boundary the first ids go.
 * A token less likely than (1 − p)/V is always removed, since all tokens up to it weigh less than 1 − p together; so
 * only the others are sorted.
 */
export function topP(p: number): LogitsProcessor {
  return (logits) => {
    if (p >= 1) return;
    const weights = unnormalised(logits);
    let total = 0;
    for (let i = 0; i < weights.length; i++) total += weights[i]!;
    const budget = (1 - p) * total;
    const floor = budget / weights.length;
    let removed = 0;
    let count = 0;
    const candidates = new Float64Array(weights.length);
    for (let i = 0; i < weights.length; i++) {
      if (weights[i]! < floor) removed += weights[i]!;
      else candidates[count++] = weights[i]!;
    }
    const cut = boundary(candidates.subarray(0, count).sort(), removed, budget);
    let ties = cut.ties;
    for (let i = 0; i < logits.length; i++) {
      const weight = weights[i]!;
      if (weight < cut.weight || (weight === cut.weight && ties-- > 0)) logits[i] = Number.NEGATIVE_INFINITY;
    }
  };
}

/** exp(logit − max) of every token. */
function unnormalised(logits: Float32Array): Float64Array {
  let max = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < logits.length; i++) if (logits[i]! > max) max = logits[i]!;
  const weights = new Float64Array(logits.length);
  for (let i = 0; i < logits.length; i++) weights[i] = Math.exp(logits[i]! - max);
  return weights;
}

/** The least weight that stays, and how many tokens of that same weight go. */
function boundary(ascending: Float64Array, removed: number, budget: number) {
  let sum = removed;
  let at = 0;
  while (at < ascending.length - 1 && sum + ascending[at]! <= budget) sum += ascending[at++]!;
  const weight = ascending[at]!;
  let ties = 0;
  while (ties < at && ascending[at - 1 - ties] === weight) ties++;
  return { weight, ties };
}
