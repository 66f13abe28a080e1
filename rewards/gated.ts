import { checkScores } from '../src/environment/scoring/check-scores.ts';
import type { RewardFunction } from '../src/types.ts';
import { named } from './batch/per-completion.ts';
import { pickSamples } from './batch/pick-samples.ts';

export interface GatedOptions {
  /** What must pass first: a format, say. Where it gives null, it does not apply and the way is open. */
  readonly gate: RewardFunction;
  /** What counts behind the gate; it is asked only about completions that pass. */
  readonly reward: RewardFunction;
  /** The gate's score that passes. */
  readonly threshold?: number;
  /** Score of a completion that does not pass. */
  readonly closed?: number | null;
  readonly name?: string;
}

/**
 * `reward` where `gate` scores at least `threshold` (1), else `closed` (0): accuracy that counts only in the right
 * format. The share that passes is logged as `<name>/open`.
 */
export function gated({
  gate,
  reward,
  threshold = 1,
  closed = 0,
  name = reward.name,
}: GatedOptions): RewardFunction {
  return named(name, async (batch) => {
    const passes = checkScores(`its gate "${gate.name}"`, await gate(batch), batch);
    const open = passes.map((score) => score === null || score >= threshold);
    for (const isOpen of open) batch.logMetric(`${name}/open`, isOpen ? 1 : 0);
    const indices = open.flatMap((isOpen, i) => (isOpen ? [i] : []));
    const scores: (number | null)[] = open.map(() => closed);
    if (indices.length === 0) return scores;
    const part = pickSamples(batch, indices);
    const behind = checkScores(`its reward "${reward.name}"`, await reward(part), part);
    for (const [at, i] of indices.entries()) scores[i] = behind[at]!;
    return scores;
  });
}
