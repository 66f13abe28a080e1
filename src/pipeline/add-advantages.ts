import { map, type OperatorFunction } from 'rxjs';
import type { AdvantagedGroup, RolloutBatch, ScoredGroup } from '../types.ts';

/** A batch's advantages, and numbers to log about its rewards and completions. */
export interface Judged {
  /** [P][G] */
  readonly advantages: readonly (readonly number[])[];
  /** [P][G][T], where tokens of a completion differ. */
  readonly tokenAdvantages?: readonly (readonly (readonly number[])[])[];
  readonly metrics: Readonly<Record<string, number>>;
}

/** Compares the rewards of one rollout batch: pure maths, from src/algorithm. */
export type Judge = (groups: readonly ScoredGroup[]) => Judged;

/** Gives every rollout its advantage. */
export function addAdvantages(
  judge: Judge,
): OperatorFunction<RolloutBatch<ScoredGroup>, RolloutBatch<AdvantagedGroup>> {
  return map((batch) => {
    const { advantages, tokenAdvantages, metrics } = judge(batch.groups);
    return {
      ...batch,
      groups: batch.groups.map((group, p) => ({
        ...group,
        advantages: advantages[p]!,
        ...(tokenAdvantages && { tokenAdvantages: tokenAdvantages[p]! }),
      })),
      metrics: { ...batch.metrics, ...metrics },
    };
  });
}
