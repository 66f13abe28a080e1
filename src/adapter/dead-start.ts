import type { MethodSettings } from './adapter-settings.ts';

/**
 * Whether an adapter gets a gradient of exactly 0 while β = 1: with a σ after B its output is φ(B·z; 1) = relu(B·z), and a
 * fresh B is 0, where relu′ is 0. Only β < 1 lets it move. (The other activations have slope ½ at 0.)
 */
export function startsDead({ method, adapter }: MethodSettings): boolean {
  const { placement, activation, schedule } = adapter;
  const anneals = method === 'afa-lora' && schedule.kind !== 'zero' && schedule.fraction > 0;
  return anneals && activation === 'relu' && placement.endsWith('-s');
}
