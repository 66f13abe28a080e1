import type { MethodSettings } from './adapter-settings.ts';

/**
 * Tells whether a fresh adapter gets a gradient of exactly 0 while β = 1.
 *
 * This happens with relu after B. The output is then relu(B·z), B starts at 0, and relu′(0) is 0. The adapter learns
 * nothing until β < 1. The other activations have slope ½ at 0.
 */
export function startsDead({ method, adapter }: MethodSettings): boolean {
  const { placement, activation, schedule } = adapter;
  const anneals = method === 'afa-lora' && schedule.kind !== 'zero' && schedule.fraction > 0;
  return anneals && activation === 'relu' && placement.endsWith('-s');
}
