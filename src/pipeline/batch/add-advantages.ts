import { map, type OperatorFunction } from 'rxjs';
import type { AdvantagedRollout, RolloutBatch, ScoredRollout } from '../../types.ts';

/** Rollouts with their advantages, and numbers to log about rewards and completions. */
export interface Advantaged {
  readonly rollouts: readonly AdvantagedRollout[];
  /** KL against the reference policy as the penalty in the rewards has it (nats a token). */
  readonly kl: number;
  readonly metrics: Readonly<Record<string, number>>;
}

/**
 * Compares the rewards of one rollout batch: pure maths, from src/algorithm. `klCoef` multiplies a KL penalty in the
 * rewards.
 */
export type EstimateAdvantages = (rollouts: readonly ScoredRollout[], klCoef: number) => Advantaged;

/** The coefficient of a KL penalty in the rewards, which may move from batch to batch. */
export interface KlCoefficient {
  value(): number;
  /** Notes a batch's KL and its number of completions. */
  observe(kl: number, completions: number): void;
}

/**
 * Gives every rollout its advantage. As in verl a batch is penalised by the coefficient from before its own KL moves
 * it.
 */
export function addAdvantages(
  estimate: EstimateAdvantages,
  klCoefficient: KlCoefficient,
): OperatorFunction<RolloutBatch<ScoredRollout>, RolloutBatch<AdvantagedRollout>> {
  return map((batch) => {
    const { rollouts, kl, metrics } = estimate(batch.rollouts, klCoefficient.value());
    klCoefficient.observe(kl, rollouts.length);
    return { ...batch, rollouts, metrics: { ...batch.metrics, ...metrics } };
  });
}
