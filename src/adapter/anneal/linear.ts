import type { Curve } from './curve.ts';

/**
 * β = 1 − u: the paper's schedule, and the first to try. With E = ceil(fraction·steps) it is
 * β(step) = max(0, 1 − step/E). https://arxiv.org/abs/2512.22455
 */
export const linear = (): Curve => (passed) => 1 - passed;
