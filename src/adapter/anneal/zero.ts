import type { Curve } from './curve.ts';

/**
 * β = 0 throughout: LoRA through the same code, with β still in the graph. Use it as the control of an ablation: it
 * differs from the other schedules only in β.
 */
export const zero = (): Curve => () => 0;
