import type { RewardFunction } from '../src/types.ts';
import { goldText, perCompletion } from './batch/per-completion.ts';

export interface Gsm8kRewardOptions {
  /** 'strict' wants '#### ' before the number; 'flexible' takes the last number. */
  readonly method?: 'strict' | 'flexible';
  /** Score of the right number. */
  readonly rightScore?: number;
  /** Score of a number that is not the answer. */
  readonly formatScore?: number;
  readonly field?: string;
  readonly name?: string;
}

/**
 * verl's `gsm8k.compute_score`: `rightScore` (1) when the number's text is the gold answer's (72.0 is not 72), `formatScore` (0) for
 * another number, 0 for none. Only the last 300 characters are read. For comparison by value see `exactNumber`.
 */
export function gsm8kReward(options: Gsm8kRewardOptions = {}): RewardFunction {
  const { method = 'strict', rightScore = 1, formatScore = 0, field = 'answer', name = 'gsm8k' } = options;
  return perCompletion(name, (completion, task) => {
    const answer = gsm8kAnswer(completion, method);
    return answer === undefined ? 0 : answer === goldText(task, field) ? rightScore : formatScore;
  });
}

const READ = 300;

/** verl's `gsm8k.extract_solution`; strict drops commas and dollar signs, flexible keeps them. */
export function gsm8kAnswer(completion: string, method: 'strict' | 'flexible'): string | undefined {
  // Characters as Python counts them: one for an emoji.
  const end = [...completion.slice(-2 * READ)].slice(-READ).join('');
  if (method === 'strict') {
    return [...end.matchAll(/#### (-?[0-9.,]+)/g)].at(-1)?.[1]?.replace(/[,$]/g, '');
  }
  const numbers = end.match(/-?[0-9.,]+/g) ?? [];
  return numbers.filter((text) => text !== '.').at(-1) ?? numbers[0];
}
