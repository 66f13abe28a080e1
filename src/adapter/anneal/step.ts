import type { Curve } from './curve.ts';

/**
 * β = 1 − floor(n·u)/n: n equal drops, the last one to 0 at the end, and rest between them, in which the adapter settles on a
 * policy that stands still. Worth trying with several optimiser steps a rollout batch (part of the ratio is β's own move, here
 * mostly none), or to see in the curves what a drop by itself costs. A drop is as large as n linear steps at once: mind anneal_kl.
 * Default n = 4.
 */
export function step({ drops = 4 }: { readonly drops?: number | undefined }): Curve {
  return (passed) => 1 - Math.floor(drops * passed) / drops;
}
