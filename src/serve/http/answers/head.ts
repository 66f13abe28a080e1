import { randomUUID } from 'node:crypto';
import { version } from '../../../io/version.ts';
import type { GenerationEnd } from '../../model-service.ts';

/** What every answer and every chunk begins with. */
export interface Head {
  readonly id: string;
  readonly object: string;
  /** Seconds since 1970. */
  readonly created: number;
  readonly model: string;
  readonly system_fingerprint: string;
}

/** @param kind 'cmpl' or 'chatcmpl'. */
export const headOf = (kind: string, object: string, model: string): Head => ({
  id: `${kind}-${randomUUID().replaceAll('-', '')}`,
  object,
  created: Math.floor(Date.now() / 1000),
  model,
  system_fingerprint: `anneal-${version}`,
});

/** Tokens of a request. A prompt counts once, however many completions it has. @param n completions of each prompt. */
export function usageOf(ends: readonly GenerationEnd[], n: number) {
  const prompts = ends.filter((_, i) => i % n === 0);
  const sum = (of: readonly GenerationEnd[], key: keyof GenerationEnd['usage']) =>
    of.reduce((total, { usage }) => total + usage[key], 0);
  const prompt = sum(prompts, 'promptTokens');
  const completion = sum(ends, 'completionTokens');
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    prompt_tokens_details: { cached_tokens: sum(prompts, 'cachedTokens') },
  };
}
