import { InputError } from '../src/errors.ts';
import type { RewardFunction } from '../src/types.ts';
import { perCompletion } from './batch/per-completion.ts';

export interface SoftOverlongOptions {
  /** Tokens beyond which the score is −1. */
  readonly maxLength: number;
  /** Tokens before that over which the score falls from 0. */
  readonly cache: number;
  readonly name?: string;
}

/**
 * 0 up to maxLength − cache tokens, then falling in a line to −1 at maxLength, −1 beyond (DAPO, equation 13, arXiv
 * 2503.14476; TRL's `get_soft_overlong_punishment`).
 * @throws InputError when the cache is negative.
 */
export function softOverlong({
  maxLength,
  cache,
  name = 'soft_overlong',
}: SoftOverlongOptions): RewardFunction {
  if (cache < 0) throw new InputError(`reward ${name}: cache must be at least 0, got ${cache}`);
  return perCompletion(name, (_, __, batch, i) => {
    const length = batch.completionIds[i]!.length;
    if (length <= maxLength - cache) return 0;
    return length <= maxLength ? (maxLength - cache - length) / cache : -1;
  });
}
