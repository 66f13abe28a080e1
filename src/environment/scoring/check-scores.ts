import { RunError } from '../../errors.ts';
import type { RewardBatch } from '../../types.ts';

/**
 * The scores that a reward gave for a batch, if they are ones: a number of another kind, or for another completion,
 * would train on noise.
 * @param what names the reward in messages.
 * @throws RunError naming the sample, when they are no array, of another length, or one of them is neither a finite
 * number nor null.
 */
export function checkScores(what: string, scores: unknown, batch: RewardBatch): readonly (number | null)[] {
  if (!Array.isArray(scores)) {
    throw new RunError(`${what} gave ${describe(scores)}; it must give an array of numbers or nulls`);
  }
  if (scores.length !== batch.completions.length) {
    throw new RunError(`${what} gave ${scores.length} scores for ${batch.completions.length} completions`);
  }
  const bad = scores.findIndex((score) => score !== null && !Number.isFinite(score));
  if (bad !== -1) {
    throw new RunError(
      `${what} gave ${describe(scores[bad])} for sample ${bad} (task "${batch.tasks[bad]!.id}"); a score is a finite number, or null where the reward does not apply`,
    );
  }
  return scores;
}

function describe(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}
