export interface Repetition {
  /** Above 1 makes what occurred before less likely; 1 changes nothing. */
  readonly penalty: number;
  /** The greatest logit divided by the temperature, and its probability. */
  readonly topLogit: number;
  readonly topProbability: number;
  /** Ids of the prompt and of the completion so far, each once. */
  readonly previousIds: ReadonlySet<number>;
}

/**
 * A logit under a repetition penalty: times the penalty when negative, else divided by it (CTRL,
 * https://arxiv.org/abs/1909.05858).
 */
export const penalisedLogit = (logit: number, penalty: number): number =>
  logit < 0 ? logit * penalty : logit / penalty;

/**
 * Weights of the next token, [V], from its probabilities: those of softmax over logits of which `penalisedLogit` changed
 * the previous ids', up to a factor. The penalty tells positive logits from negative ones, which the greatest logit gives
 * back.
 */
export function penaliseRepetition(
  probabilities: Float32Array,
  { penalty, topLogit, topProbability, previousIds }: Repetition,
): Float32Array {
  if (penalty === 1) return probabilities;
  const shift = topLogit - Math.log(topProbability);
  const logitOf = (id: number) => Math.log(probabilities[id]!) + shift;
  const ids = [...previousIds].filter((id) => probabilities[id]! > 0);
  // Below 1 a penalty makes logits greater. The greatest of all must not overflow.
  const top = ids.reduce((most, id) => Math.max(most, penalisedLogit(logitOf(id), penalty)), topLogit);
  const weights = probabilities.slice();
  if (top > topLogit) for (let id = 0; id < weights.length; id++) weights[id]! *= Math.exp(topLogit - top);
  for (const id of ids) weights[id] = topProbability * Math.exp(penalisedLogit(logitOf(id), penalty) - top);
  return weights;
}
