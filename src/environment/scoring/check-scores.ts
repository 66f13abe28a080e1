import { RunError } from '../../errors.ts';
import type { RewardBatch } from '../../types.ts';

/**
 * Checks that a reward returned one number or null for each completion. Anything else would train on noise. Typed
 * arrays are read as arrays.
 * @param what names the reward in messages.
 * @throws RunError naming the sample whose score is neither a number that float32 holds nor null, or the wrong length.
 */
export function checkScores(what: string, scores: unknown, batch: RewardBatch): readonly (number | null)[] {
  const list: unknown = isTypedArray(scores) ? Array.from(scores) : scores;
  if (!Array.isArray(list)) {
    throw new RunError(`${what} gave ${describe(list)}; it must give an array of numbers or nulls`);
  }
  if (list.length !== batch.completions.length) {
    throw new RunError(`${what} gave ${list.length} scores for ${batch.completions.length} completions`);
  }
  const bad = list.findIndex((score) => score !== null && !Number.isFinite(score));
  if (bad !== -1) {
    throw new RunError(
      `${what} gave ${describe(list[bad])} for ${sample(batch, bad)}; a score is a finite number, or null where the reward does not apply`,
    );
  }
  const large = list.findIndex((score) => score !== null && !Number.isFinite(Math.fround(score)));
  if (large !== -1) {
    throw new RunError(
      `${what} gave ${describe(list[large])} for ${sample(batch, large)}; scores are float32, whose largest number is 3.4e38`,
    );
  }
  return list;
}

/** Arrays of numbers or big integers; the latter are refused as scores. */
function isTypedArray(value: unknown): value is Iterable<unknown> & ArrayLike<unknown> {
  return ArrayBuffer.isView(value) && !(value instanceof DataView);
}

const sample = ({ tasks }: RewardBatch, b: number): string => `sample ${b} (task "${tasks[b]!.id}")`;

function describe(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}
