import type { Curve } from './curve.ts';

/**
 * β = (1 + cos πu)/2: slow at both ends, half as fast again as linear in the middle. Worth trying when a run stumbles where the
 * anneal begins or ends: the first moves of β meet an adapter that has hardly learnt, the last ones are small. https://arxiv.org/abs/1608.03983
 */
export const cosine = (): Curve => (passed) => (1 + Math.cos(Math.PI * passed)) / 2;
