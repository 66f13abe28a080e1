import { repetitionPenalty } from './processors/repetition-penalty.ts';

export interface Repetition {
  /** Above 1 makes what occurred before less likely; 1 changes nothing. */
  readonly penalty: number;
  /** The greatest logit divided by the temperature. */
  readonly topLogit: number;
  /** Ids of the prompt and of the completion so far. */
  readonly previousIds: readonly number[];
}

/**
 * Weights of the next token, [V], from its probabilities: those of softmax over logits that `repetitionPenalty`
 * changed, up to a factor. The penalty tells positive logits from negative ones, which the greatest logit gives back.
 */
export function penaliseRepetition(
  probabilities: Float32Array,
  { penalty, topLogit, previousIds }: Repetition,
): Float32Array {
  if (penalty === 1) return probabilities;
  const shift = topLogit - Math.log(greatest(probabilities));
  const logits = probabilities.map((probability) => Math.log(probability) + shift);
  repetitionPenalty(penalty)(logits, previousIds);
  const top = greatest(logits);
  return logits.map((logit) => Math.exp(logit - top));
}

const greatest = (values: Float32Array) => values.reduce((max, value) => Math.max(max, value));
