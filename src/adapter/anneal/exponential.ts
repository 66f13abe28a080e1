import type { Curve } from './curve.ts';

/**
 * β = (e^(−r·u) − e^(−r))/(1 − e^(−r)): falls fast at first, then more and more slowly. It is exactly 0 at the end,
 * where a bare e^(−r·u) would still be e^(−r). Default r = 5.
 *
 * Try it when anneal_kl rises at the end of the anneal, or when few steps follow it. Most of the anneal then runs at a
 * small β, close to the linear adapter that is kept.
 */
export function exponential({ rate = 5 }: { readonly rate?: number | undefined }): Curve {
  return (passed) => (Math.exp(-rate * passed) - Math.exp(-rate)) / (1 - Math.exp(-rate));
}
