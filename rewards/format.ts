import type { RewardFunction } from '../src/types.ts';
import { perCompletion } from './batch/per-completion.ts';
import { limitedTime, PATTERN_MS } from './limits/limited-time.ts';

export interface FormatOptions {
  /** A regular expression, or the source of one. */
  readonly pattern: RegExp | string;
  /** Flags for a pattern given as text. */
  readonly flags?: string;
  /** What a match is worth. */
  readonly score?: number;
  /** Milliseconds for one completion. A pattern that takes longer, as (a+)+$ can, has not matched. */
  readonly timeMs?: number;
  readonly name?: string;
}

/**
 * `score` (1) when the completion matches the pattern anywhere, else 0; anchor with ^ and $ to test the whole text. The
 * share that ran over `timeMs` is logged as `<name>/exceeded`.
 */
export function formatReward(options: FormatOptions): RewardFunction {
  const { pattern, flags, score = 1, timeMs = PATTERN_MS, name = 'format' } = options;
  const source = typeof pattern === 'string' ? pattern : pattern.source;
  const given = flags ?? (typeof pattern === 'string' ? '' : pattern.flags);
  // g and y keep a position between calls, which would make one text's score depend on the one before.
  const test = new RegExp(source, given.replace(/[gy]/g, ''));
  const runLimited = limitedTime(name, timeMs);
  return perCompletion(name, async (completion, _task, batch) =>
    (await runLimited(batch, () => test.test(completion), false)) ? score : 0,
  );
}
