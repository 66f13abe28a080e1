import type { Algorithm } from './algorithm-settings.ts';
import {
  type EntropyState,
  endEntropyStep,
  entropyCoefficient,
  observeEntropy,
  startEntropy,
} from './entropy-controller.ts';
import { nextKlCoef } from './kl/controller.ts';

/**
 * The coefficients of a KL penalty and an entropy bonus, which may move with what is measured. Plain data: checkpoints
 * hold it.
 */
export interface CoefficientState {
  readonly klCoef: number;
  /** null without adaptiveEntropy. */
  readonly entropy: EntropyState | null;
}

/** What a loss multiplies its terms by in one step; a term that the loss lacks has none. */
export interface Coefficients {
  readonly klCoef?: number;
  readonly entropyCoef?: number;
}

export function startCoefficients(algorithm: Algorithm): CoefficientState {
  const { klCoef } = algorithm;
  const target = entropyTarget(algorithm);
  return { klCoef, entropy: target ? startEntropy(target) : null };
}

/** The coefficients of the step about to be taken. */
export function lossCoefficients({ klCoef, entropy }: CoefficientState, algorithm: Algorithm): Coefficients {
  const target = entropyTarget(algorithm);
  return {
    ...(algorithm.klIn === 'loss' && algorithm.klCoef !== 0 && { klCoef }),
    ...(algorithm.entropyCoef !== 0 && { entropyCoef: algorithm.entropyCoef }),
    ...(target && entropy && { entropyCoef: entropyCoefficient(entropy, target) }),
  };
}

/** The mean KL (nats a token) of B sequences. */
export interface MeasuredKl {
  readonly kl?: number | undefined;
  readonly sequences: number;
}

/** The state after a rollout batch whose rewards were penalised: moves the coefficient of a KL in the reward. */
export function afterPenalty(
  state: CoefficientState,
  algorithm: Algorithm,
  measured: MeasuredKl,
): CoefficientState {
  return algorithm.klIn === 'reward' ? withKl(state, algorithm, measured) : state;
}

/** What an optimiser step measured, means over its `tokens` loss tokens; entropy in nats a token. */
export interface MeasuredStep extends MeasuredKl {
  readonly entropy?: number | undefined;
  readonly tokens: number;
}

/**
 * The state after an optimiser step: moves the coefficient of a KL in the loss, and that of an adaptive entropy bonus.
 * What was not measured, or is not finite, moves nothing.
 */
export function afterStep(
  state: CoefficientState,
  algorithm: Algorithm,
  { entropy = Number.NaN, tokens, ...measured }: MeasuredStep,
): CoefficientState {
  const moved = algorithm.klIn === 'loss' ? withKl(state, algorithm, measured) : state;
  const target = entropyTarget(algorithm);
  if (!target || !moved.entropy || !Number.isFinite(entropy)) return moved;
  return { ...moved, entropy: endEntropyStep(observeEntropy(moved.entropy, entropy, tokens), target) };
}

function withKl(
  state: CoefficientState,
  { klControl }: Algorithm,
  { kl = Number.NaN, sequences }: MeasuredKl,
): CoefficientState {
  return { ...state, klCoef: nextKlCoef(klControl, state.klCoef, { kl, steps: sequences }) };
}

function entropyTarget({ adaptiveEntropy, entropyCoef }: Algorithm) {
  return adaptiveEntropy && { ...adaptiveEntropy, coef: entropyCoef };
}
