import type { LogitsProcessor } from './types.ts';

/**
 * Nucleus sampling (https://arxiv.org/abs/1904.09751) as transformers does it: from the least likely token up, removes
 * tokens while the removed probability stays ≤ 1 − p; the most likely token always stays, and of tokens that tie at
 * the boundary the first ids go.
 * A token less likely than (1 − p)/V always goes, since all tokens up to it weigh less than 1 − p together; the others
 * are counted into bins by their logit, and only the bin in which the boundary lies is sorted.
 */
export function topP(p: number): LogitsProcessor {
  let weights = new Float64Array(0);
  let bins = new Int16Array(0);
  return (logits) => {
    if (p >= 1) return;
    if (weights.length !== logits.length) {
      weights = new Float64Array(logits.length);
      bins = new Int16Array(logits.length);
    }
    const row = { ...unnormalised(logits, weights), bins };
    const cut = boundary(row, (1 - p) * row.total);
    let ties = cut.ties;
    for (let i = 0; i < logits.length; i++) {
      const logit = logits[i]!;
      if (logit < cut.logit || (logit === cut.logit && ties-- > 0)) logits[i] = Number.NEGATIVE_INFINITY;
    }
  };
}

interface Row {
  readonly logits: Float32Array;
  /** Scratch: which bin each token falls into. */
  readonly bins: Int16Array;
  /** exp(logit − max). */
  readonly weights: Float64Array;
  readonly max: number;
  /** Sum of the weights. */
  readonly total: number;
}

function unnormalised(logits: Float32Array, weights: Float64Array): Omit<Row, 'bins'> {
  let max = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < logits.length; i++) if (logits[i]! > max) max = logits[i]!;
  let total = 0;
  for (let i = 0; i < logits.length; i++) {
    const logit = logits[i]!;
    weights[i] = logit === Number.NEGATIVE_INFINITY ? 0 : Math.exp(logit - max);
    total += weights[i]!;
  }
  return { logits, weights, max, total };
}

const BINS = 1024;
const NEVER_KEPT = -1;

/** The least logit that stays, and how many tokens of that same logit go. */
function boundary({ logits, bins, weights, max }: Row, budget: number) {
  const floor = budget / weights.length;
  const binsPerNat = BINS / -Math.log(floor);
  const mass = new Float64Array(BINS + 1);
  let removed = 0;
  for (let i = 0; i < weights.length; i++) {
    const weight = weights[i]!;
    const bin = weight < floor ? NEVER_KEPT : Math.min(BINS, Math.floor((max - logits[i]!) * binsPerNat));
    bins[i] = bin;
    if (bin === NEVER_KEPT) removed += weight;
    else mass[bin]! += weight;
  }
  let bin = BINS;
  while (bin > 0 && removed + mass[bin]! <= budget) removed += mass[bin--]!;
  const found: number[] = [];
  for (let i = 0; i < weights.length; i++) {
    if (bins[i] === bin) found.push(logits[i]!);
  }
  const members = Float32Array.from(found).sort();
  let at = 0;
  for (; at < members.length - 1; at++) {
    const weight = Math.exp(members[at]! - max);
    if (removed + weight > budget) break;
    removed += weight;
  }
  const logit = members[at]!;
  return { logit, ties: at - members.indexOf(logit) };
}
