import { z } from 'zod';
import { nonNegative, positive } from '../options/ranges.ts';

/**
 * Adaptive entropy coefficient (Skywork-OR1, https://arxiv.org/abs/2505.22312; TRL's use_adaptive_entropy): after every
 * optimiser step the coefficient goes up by `delta` when the step's mean entropy was at or below `target`, else down,
 * within [min, max]. The bonus of a step uses the coefficient and the entropy from before it: it is off until a first
 * entropy was measured, and while entropy lies above the target. As in TRL, entropies of a step's micro-batches are
 * averaged by their tokens. Departure: with topEntropyQuantile < 1 TRL measures the chosen tokens only, here the metric
 * `entropy` (all loss tokens) is what is observed.
 */
export const adaptiveEntropy = z.strictObject({
  target: nonNegative.describe('mean token entropy (nats) below which the bonus acts'),
  delta: positive.default(0.005).describe('how far the coefficient moves at a step'),
  min: nonNegative.default(0).describe('least coefficient'),
  max: positive.default(1).describe('greatest coefficient'),
});

export interface EntropyTarget extends z.output<typeof adaptiveEntropy> {
  /** Coefficient to start with. */
  readonly coef: number;
}

/** Plain data, so that it goes into a checkpoint as it is. */
export interface EntropyState {
  readonly coef: number;
  /** Mean entropy of the last optimiser step; null before the first. */
  readonly lastEntropy: number | null;
  /** Sums over the step under way. */
  readonly entropySum: number;
  readonly tokens: number;
}

export function startEntropy({ coef }: EntropyTarget): EntropyState {
  return { coef, lastEntropy: null, entropySum: 0, tokens: 0 };
}

/** The coefficient to apply now. */
export function entropyCoefficient(state: EntropyState, { target }: EntropyTarget): number {
  return state.lastEntropy !== null && state.lastEntropy <= target ? state.coef : 0;
}

/** Notes a micro-batch (or a whole batch) of `tokens` tokens with that mean entropy. */
export function observeEntropy(state: EntropyState, mean: number, tokens: number): EntropyState {
  return { ...state, entropySum: state.entropySum + mean * tokens, tokens: state.tokens + tokens };
}

/** Ends the optimiser step: moves the coefficient and starts a new measurement. */
export function endEntropyStep(state: EntropyState, options: EntropyTarget): EntropyState {
  const lastEntropy = state.entropySum / Math.max(1, state.tokens);
  const coef =
    lastEntropy <= options.target
      ? Math.min(state.coef + options.delta, options.max)
      : Math.max(state.coef - options.delta, options.min);
  return { coef, lastEntropy, entropySum: 0, tokens: 0 };
}
