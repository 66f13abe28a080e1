import type { Curve } from './curve.ts';

/**
 * β = 0 throughout: LoRA by the same code path, with β still in the graph. Worth running as the control of an ablation: it
 * differs from the other schedules in nothing but β.
 */
export const zero = (): Curve => () => 0;
