import type { Curve } from './curve.ts';

/**
 * β = 1 − floor(n·u)/n: n equal drops, the last one to 0 at the end. Between drops β rests and the adapter can settle.
 * Default n = 4.
 *
 * Try it when you take several optimiser steps on each rollout batch: β then moves at few of them, and only its moves
 * change the ratio. It also shows in the curves what one drop costs. A drop is large, so watch anneal_kl.
 */
export function step({ drops = 4 }: { readonly drops?: number | undefined }): Curve {
  return (passed) => 1 - Math.floor(drops * passed) / drops;
}
