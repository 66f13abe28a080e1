import type { RewardBatch, RewardFunction } from '../src/types.ts';
import { goldText, named } from './batch/per-completion.ts';
import { type CheckLimits, type Outcome, sharedCheckPool } from './math/check-pool.ts';
import { defaultVerifyOptions, type VerifyOptions } from './math/verify.ts';

export interface MathOptions extends Partial<VerifyOptions>, Partial<CheckLimits> {
  /** Field of the task that holds the gold answer. */
  readonly field?: string;
  readonly name?: string;
}

const defaultLimits: CheckLimits = { threads: 2, memoryMb: 256, timeMs: 2000 };

/**
 * 1 when the completion's answer is mathematically the task's, else 0: numbers, fractions, formulas, equations, sets,
 * intervals, matrices, words. The answer is the last \boxed{…}, or what stands behind '####', 'the answer is', in
 * <answer> tags, or the last mathematics in the text (Math-Verify's order; github.com/huggingface/Math-Verify). Unlike
 * Math-Verify, an inequality may answer a gold set (allowSetRelationComp), and Unicode, bare formulas and 2 1/2 are read.
 *
 * null where the gold answer can't be read: it says nothing of the completion. Metrics, as shares of the completions:
 * `<name>/unreadable_gold`, and `<name>/exceeded` for checks that ran over their time (2 s) or memory, scored 0.
 */
export function mathReward(options: MathOptions = {}): RewardFunction {
  const { field = 'answer', name = 'math', threads, memoryMb, timeMs, ...verifyOptions } = options;
  const limits = overriding(defaultLimits, { threads, memoryMb, timeMs });
  const settings: VerifyOptions = { ...defaultVerifyOptions, ...verifyOptions };
  return named(name, async (batch) => {
    const outcomes = await mathOutcomes(batch, { field, limits, settings, texts: batch.completions });
    logOutcomes(batch, name, outcomes);
    return outcomes.map(scoreOf);
  });
}

/** Verdicts on texts against the gold answers of the batch's tasks. */
export function mathOutcomes(
  batch: RewardBatch,
  {
    field,
    limits = defaultLimits,
    settings,
    texts,
  }: { field: string; limits?: CheckLimits; settings: VerifyOptions; texts: readonly string[] },
): Promise<Outcome[]> {
  const checks = texts.map((prediction, i) => ({ gold: goldText(batch.tasks[i]!, field), prediction }));
  return sharedCheckPool(limits).run(checks, settings);
}

export const scoreOf = (outcome: Outcome): number | null =>
  outcome === 'unreadable' ? null : outcome === 'right' ? 1 : 0;

export function logOutcomes(batch: RewardBatch, name: string, outcomes: readonly Outcome[]): void {
  for (const outcome of outcomes) {
    batch.logMetric(`${name}/unreadable_gold`, outcome === 'unreadable' ? 1 : 0);
    batch.logMetric(`${name}/exceeded`, outcome === 'exceeded' ? 1 : 0);
  }
}

function overriding(
  defaults: CheckLimits,
  given: Partial<Record<keyof CheckLimits, number | undefined>>,
): CheckLimits {
  return {
    threads: given.threads ?? defaults.threads,
    memoryMb: given.memoryMb ?? defaults.memoryMb,
    timeMs: given.timeMs ?? defaults.timeMs,
  };
}
