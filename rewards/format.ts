import type { RewardFunction } from '../src/types.ts';
import { perCompletion } from './per-completion.ts';

export interface FormatOptions {
  /** A regular expression, or the source of one. */
  readonly pattern: RegExp | string;
  /** Flags for a pattern given as text. */
  readonly flags?: string;
  /** What a match is worth. */
  readonly score?: number;
  readonly name?: string;
}

/** `score` (1) when the completion matches the pattern anywhere, else 0; anchor with ^ and $ to test the whole text. */
export function formatReward({ pattern, flags, score = 1, name = 'format' }: FormatOptions): RewardFunction {
  const source = typeof pattern === 'string' ? pattern : pattern.source;
  const given = flags ?? (typeof pattern === 'string' ? '' : pattern.flags);
  // g and y keep a position between calls, which would make one text's score depend on the one before.
  const test = new RegExp(source, given.replace(/[gy]/g, ''));
  return perCompletion(name, (completion) => (test.test(completion) ? score : 0));
}
