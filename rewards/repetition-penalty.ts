import { InputError } from '../src/errors.ts';
import type { RewardFunction } from '../src/types.ts';
import { perCompletion } from './batch/per-completion.ts';

export interface RepetitionPenaltyOptions {
  /** Tokens in a row that count as one n-gram. */
  readonly ngramSize?: number;
  /** Score as the share of repeated n-grams nears one; at most 0. */
  readonly maxPenalty?: number;
  readonly name?: string;
}

/**
 * (1 − distinct/all n-grams of the completion's tokens) · maxPenalty; 0 for fewer tokens than one n-gram.
 * "Demystifying Long Chain-of-Thought Reasoning", appendix C.2 (arXiv 2502.03373); TRL's
 * `get_repetition_penalty_reward`.
 * @throws InputError when ngramSize is below 1 or maxPenalty above 0.
 */
export function repetitionPenalty(options: RepetitionPenaltyOptions = {}): RewardFunction {
  const { ngramSize = 3, maxPenalty = -1, name = 'repetition_penalty' } = options;
  if (!Number.isInteger(ngramSize) || ngramSize < 1) {
    throw new InputError(`reward ${name}: ngramSize must be a whole number of at least 1, got ${ngramSize}`);
  }
  if (maxPenalty > 0) throw new InputError(`reward ${name}: maxPenalty must be at most 0, got ${maxPenalty}`);
  return perCompletion(
    name,
    (_, __, batch, i) => repeatedShare(batch.completionIds[i]!, ngramSize) * maxPenalty,
  );
}

function repeatedShare(ids: readonly number[], size: number): number {
  const count = ids.length - size + 1;
  if (count <= 0) return 0;
  const distinct = new Set(
    Array.from({ length: count }, (_, start) => ids.slice(start, start + size).join(' ')),
  );
  return 1 - distinct.size / count;
}
