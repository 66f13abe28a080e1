import type { LogitsProcessor } from './types.ts';

/**
 * Keeps tokens with p ≥ minP · max p, that is logit ≥ max + ln minP (https://arxiv.org/abs/2407.01082); 0 keeps all.
 */
export function minP(value: number): LogitsProcessor {
  return (logits) => {
    if (value <= 0) return;
    let max = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < logits.length; i++) if (logits[i]! > max) max = logits[i]!;
    const limit = max + Math.log(value);
    for (let i = 0; i < logits.length; i++) if (logits[i]! < limit) logits[i] = Number.NEGATIVE_INFINITY;
  };
}
