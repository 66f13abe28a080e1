import type { LogitsProcessor } from './types.ts';

/**
 * Penalises every id that occurs before, once however often it occurs: logit·penalty when negative, else logit/penalty
 * (CTRL, https://arxiv.org/abs/1909.05858). Above 1 discourages repetition; 1 does nothing.
 */
export function repetitionPenalty(penalty: number): LogitsProcessor {
  return (logits, previousIds) => {
    if (penalty === 1) return;
    for (const id of new Set(Array.from(previousIds))) {
      const logit = logits[id]!;
      logits[id] = logit < 0 ? logit * penalty : logit / penalty;
    }
  };
}
