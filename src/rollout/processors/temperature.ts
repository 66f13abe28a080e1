import type { LogitsProcessor } from './types.ts';

/** logits / temperature; below 1 sharpens the distribution, above 1 flattens it. */
export function temperature(value: number): LogitsProcessor {
  return (logits) => {
    if (value === 1) return;
    for (let i = 0; i < logits.length; i++) logits[i] = logits[i]! / value;
  };
}
