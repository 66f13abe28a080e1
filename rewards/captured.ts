import { InputError } from '../src/errors.ts';
import type { RewardFunction } from '../src/types.ts';
import { goldText, perCompletion } from './batch/per-completion.ts';
import { limitedTime, PATTERN_MS } from './limits/limited-time.ts';

export interface CapturedOptions {
  /** A regular expression, or the source of one, with a group around the answer. */
  readonly pattern: RegExp | string;
  /** Flags for a pattern given as text. */
  readonly flags?: string;
  /** Field of the task that the answer must equal. */
  readonly field?: string;
  /** Whether upper and lower case differ. */
  readonly matchCase?: boolean;
  /** Which match counts when there are several. */
  readonly which?: 'first' | 'last';
  /** Milliseconds for one completion. A pattern that takes longer, as (a+)+$ can, has caught nothing. */
  readonly timeMs?: number;
  readonly name?: string;
}

/**
 * 1 when what the pattern's first group captured equals the task's field, surrounding spaces aside; else 0. The share
 * that ran over `timeMs` is logged as `<name>/exceeded`.
 * @throws InputError when the pattern has no group.
 */
export function captured(options: CapturedOptions): RewardFunction {
  const { pattern, flags, field = 'answer', matchCase = false, which = 'last', name = 'captured' } = options;
  const runLimited = limitedTime(name, options.timeMs ?? PATTERN_MS);
  const source = typeof pattern === 'string' ? pattern : pattern.source;
  const given = flags ?? (typeof pattern === 'string' ? '' : pattern.flags);
  const search = new RegExp(source, `${given.replace(/[gy]/g, '')}g`);
  if (new RegExp(`${source}|`, given).exec('')!.length < 2) {
    throw new InputError(`reward ${name}: the pattern /${source}/ needs a group (…) around the answer`);
  }
  const spelled = (text: string) => (matchCase ? text.trim() : text.trim().toLowerCase());
  return perCompletion(name, async (completion, task, batch) => {
    const place = which === 'last' ? -1 : 0;
    const find = () => [...completion.matchAll(search)].at(place)?.[1];
    const found = await runLimited(batch, find, undefined);
    return found !== undefined && spelled(found) === spelled(goldText(task, field)) ? 1 : 0;
  });
}
