import type { Curve } from './curve.ts';

/**
 * β = (e^(−r·u) − e^(−r))/(1 − e^(−r)): falls fast at first, then ever more slowly, and is exactly 0 at the end, where a bare
 * e^(−r·u) would leave e^(−r) for the last step. Worth trying when the end of the anneal hurts (anneal_kl rises there), or when few
 * steps follow it: most of the training then runs at a small β, close to the linear adapter that is kept. Default r = 5.
 */
export function exponential({ rate = 5 }: { readonly rate?: number | undefined }): Curve {
  return (passed) => (Math.exp(-rate * passed) - Math.exp(-rate)) / (1 - Math.exp(-rate));
}
