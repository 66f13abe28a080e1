import type { RewardFunction } from '../src/types.ts';
import { perCompletion } from './batch/per-completion.ts';

export interface TagCountOptions {
  /** Tags that must each open once and close once. */
  readonly tags?: readonly string[];
  readonly name?: string;
}

/**
 * The share of opening and closing tags that occur exactly once: a gentler slope to a format than all or nothing
 * (Open R1's `tag_count_reward`).
 */
export function tagCount({
  tags = ['think', 'answer'],
  name = 'tag_count',
}: TagCountOptions = {}): RewardFunction {
  const marks = tags.flatMap((tag) => [`<${tag}>`, `</${tag}>`]);
  return perCompletion(
    name,
    (completion) => marks.filter((mark) => completion.split(mark).length === 2).length / marks.length,
  );
}
