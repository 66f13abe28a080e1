import { map, type OperatorFunction } from 'rxjs';
import type { AdvantagedGroup, RolloutBatch, ScoredGroup, ValueTargets } from '../types.ts';

/** A batch's advantages, and numbers to log about its rewards and completions. */
export interface Judged {
  /** [P][G] */
  readonly advantages: readonly (readonly number[])[];
  /** [P][G][T], where tokens of a completion differ. */
  readonly tokenAdvantages?: readonly (readonly (readonly number[])[])[];
  /** [P][G], with a value function. */
  readonly valueTargets?: readonly (readonly ValueTargets[])[];
  /** KL against the reference policy as the penalty in the rewards has it (nats a token). */
  readonly kl: number;
  readonly metrics: Readonly<Record<string, number>>;
}

/** Compares the rewards of one rollout batch: pure maths, from src/algorithm. klCoef is that of a penalty in the rewards. */
export type Judge = (groups: readonly ScoredGroup[], klCoef: number) => Judged;

/** The coefficient of a KL penalty in the rewards, which may move from batch to batch. */
export interface KlCoefficient {
  value(): number;
  /** Takes note of a batch's KL and how many completions it has. */
  observe(kl: number, completions: number): void;
}

/** Gives every rollout its advantage. As in verl a batch is penalised by the coefficient from before its own KL moves it. */
export function addAdvantages(
  judge: Judge,
  klCoefficient: KlCoefficient,
): OperatorFunction<RolloutBatch<ScoredGroup>, RolloutBatch<AdvantagedGroup>> {
  return map((batch) => {
    const judged = judge(batch.groups, klCoefficient.value());
    const { advantages, tokenAdvantages, valueTargets, kl, metrics } = judged;
    klCoefficient.observe(
      kl,
      batch.groups.reduce((sum, { rollouts }) => sum + rollouts.length, 0),
    );
    return {
      ...batch,
      groups: batch.groups.map((group, p) => ({
        ...group,
        advantages: advantages[p]!,
        ...(tokenAdvantages && { tokenAdvantages: tokenAdvantages[p]! }),
        ...(valueTargets && { valueTargets: valueTargets[p]! }),
      })),
      metrics: { ...batch.metrics, ...metrics },
    };
  });
}
