import type { Curve } from './curve.ts';

/**
 * β = (1 + cos πu)/2: slow at both ends, and π/2 times as fast as linear in the middle. Try it when rewards drop where
 * the anneal begins or ends. https://arxiv.org/abs/1608.03983
 */
export const cosine = (): Curve => (passed) => (1 + Math.cos(Math.PI * passed)) / 2;
