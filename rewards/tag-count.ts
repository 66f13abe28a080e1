import type { RewardFunction } from '../src/types.ts';
import { perCompletion } from './batch/per-completion.ts';
import { promptEnd, withOpenTag } from './batch/prompt-end.ts';

export interface TagCountOptions {
  /** Tags that must each open once and close once. */
  readonly tags?: readonly string[];
  readonly name?: string;
}

/**
 * The share of opening and closing tags that occur exactly once: a gentler slope to a format than all or nothing
 * (Open R1's `tag_count_reward`). A tag that the prompt ends with counts as opened.
 */
export function tagCount({
  tags = ['think', 'answer'],
  name = 'tag_count',
}: TagCountOptions = {}): RewardFunction {
  const marks = tags.flatMap((tag) => [`<${tag}>`, `</${tag}>`]);
  return perCompletion(name, (completion, _task, batch, i) => {
    const text = withOpenTag(completion, { tags, prompt: promptEnd(batch, i) });
    return marks.filter((mark) => text.split(mark).length === 2).length / marks.length;
  });
}
