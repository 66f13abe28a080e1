import type { RewardFunction } from '../src/types.ts';
import { formatReward } from './format.ts';

/**
 * 1 when the completion begins with <think>, closes it, and opens it only once (TRL's `think_format_reward`).
 */
export function thinkFormat({ name = 'think_format' }: { readonly name?: string } = {}): RewardFunction {
  return formatReward({ pattern: /^<think>(?![\s\S]*<think>)[\s\S]*?<\/think>/, name });
}
