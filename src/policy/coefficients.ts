import {
  type EntropyState,
  endEntropyStep,
  entropyCoefficient,
  observeEntropy,
  startEntropy,
} from '../algorithm/entropy-controller.ts';
import { nextKlCoef } from '../algorithm/kl/controller.ts';
import type { LossConfig } from '../algorithm/loss/index.ts';
import type { Recipe } from '../recipe/recipe.ts';

type Algorithm = Recipe['algorithm'];

/** Where the coefficients that move with what is measured stand. Plain data: checkpoints hold it. */
export interface CoefficientState {
  readonly klCoef: number;
  /** null without adaptiveEntropy. */
  readonly entropy: EntropyState | null;
}

export function startCoefficients(algorithm: Algorithm): CoefficientState {
  const { klCoef } = algorithm;
  const target = entropyTarget(algorithm);
  return { klCoef, entropy: target ? startEntropy(target) : null };
}

/**
 * The loss as it is compiled: an entropy bonus that may come and go is in the graph from the start, at any coefficient
 * but 0; each step feeds its own.
 */
export function compiledLoss(algorithm: Algorithm): LossConfig {
  const { adaptiveEntropy, entropyCoef } = algorithm;
  return {
    ...algorithm,
    entropyCoef: adaptiveEntropy ? adaptiveEntropy.max : entropyCoef,
    klCoef: klInLoss(algorithm),
  };
}

/** The coefficients of the step about to be taken, of those terms that the loss has. */
export function coefficients(
  { klCoef, entropy }: CoefficientState,
  algorithm: Algorithm,
): { readonly klCoef?: number; readonly entropyCoef?: number } {
  const target = entropyTarget(algorithm);
  return {
    ...(klInLoss(algorithm) !== 0 && { klCoef }),
    ...(algorithm.entropyCoef !== 0 && { entropyCoef: algorithm.entropyCoef }),
    ...(target && entropy && { entropyCoef: entropyCoefficient(entropy, target) }),
  };
}

/** What a step measured. */
export interface Measured {
  /** Mean KL estimate and entropy (nats a token). */
  readonly kl?: number | undefined;
  readonly entropy?: number | undefined;
  readonly tokens: number;
  readonly sequences: number;
}

/** The state after a step; what was not measured, or is not finite, moves nothing. */
export function nextCoefficients(
  state: CoefficientState,
  algorithm: Algorithm,
  { kl = Number.NaN, entropy = Number.NaN, tokens, sequences }: Measured,
): CoefficientState {
  const target = entropyTarget(algorithm);
  const moved = nextKlCoef(algorithm.klControl, state.klCoef, { kl, steps: sequences });
  return {
    klCoef: moved,
    entropy:
      target && state.entropy && Number.isFinite(entropy)
        ? endEntropyStep(observeEntropy(state.entropy, entropy, tokens), target)
        : state.entropy,
  };
}

/** A KL penalty in the rewards is none of the loss's terms. */
const klInLoss = ({ klCoef, klIn }: Algorithm) => (klIn === 'loss' ? klCoef : 0);

function entropyTarget({ adaptiveEntropy, entropyCoef }: Algorithm) {
  return adaptiveEntropy && { ...adaptiveEntropy, coef: entropyCoef };
}
