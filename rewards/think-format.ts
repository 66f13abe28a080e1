import type { RewardFunction } from '../src/types.ts';
import { perCompletion } from './batch/per-completion.ts';
import { promptEnd, withOpenTag } from './batch/prompt-end.ts';

export interface ThinkFormatOptions {
  /** Whether the chat template opens <think> for the policy. Read off the prompt when left out. */
  readonly prefilled?: boolean;
  readonly name?: string;
}

const format = /^<think>(?![\s\S]*<think>)[\s\S]*?<\/think>/;

/**
 * 1 when the completion begins with <think>, closes it, and opens it only once (TRL's `think_format_reward`). Where the
 * prompt ends with <think>, the completion must close it and open none.
 */
export function thinkFormat(options: ThinkFormatOptions = {}): RewardFunction {
  const { prefilled, name = 'think_format' } = options;
  return perCompletion(name, (completion, _task, batch, i) => {
    const prompt = prefilled === undefined ? promptEnd(batch, i) : prefilled ? '<think>' : '';
    return format.test(withOpenTag(completion, { tags: ['think'], prompt })) ? 1 : 0;
  });
}
