import type { RewardFunction } from '../src/types.ts';
import { type AccuracyOptions, accuracyScores } from './accuracy.ts';
import { named } from './batch/per-completion.ts';

export interface CosineScaledOptions extends AccuracyOptions {
  /** Tokens at which the schedule ends. */
  readonly maxLength: number;
  /** Scores of a wrong answer: the shortest, the longest. */
  readonly wrong?: readonly [short: number, long: number];
  /** Scores of a right answer: the shortest, the longest. */
  readonly right?: readonly [short: number, long: number];
}

/**
 * `accuracy`, scaled by length so that right answers are better short and wrong ones less bad long:
 *
 *     long + (short − long)·(1 + cos(π·min(1, T/maxLength)))/2
 *
 * null where the gold answer can't be read. "Demystifying Long Chain-of-Thought Reasoning", appendix C.1 (arXiv
 * 2502.03373); TRL's `get_cosine_scaled_reward`.
 */
export function cosineScaled(options: CosineScaledOptions): RewardFunction {
  const {
    maxLength,
    wrong = [-1, -0.5],
    right = [1, 0.5],
    field = 'solution',
    name = 'cosine_scaled',
  } = options;
  return named(name, async (batch) => {
    const scores = await accuracyScores(batch, { field, name, texts: batch.completions });
    return scores.map((score, i) => {
      if (score === null) return null;
      const [short, long] = score === 1 ? right : wrong;
      const progress = Math.min(1, batch.completionIds[i]!.length / maxLength);
      return long + 0.5 * (short - long) * (1 + Math.cos(progress * Math.PI));
    });
  });
}
