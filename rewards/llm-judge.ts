import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { fairTimeout } from '../src/environment/user-code/fair-timer.ts';
import { InputError, RunError } from '../src/errors.ts';
import type { Message, RewardFunction, Task } from '../src/types.ts';
import { perCompletion } from './batch/per-completion.ts';
import { limited } from './limits/limited.ts';
import { PATTERN_MS, withinTime } from './limits/limited-time.ts';

export interface LlmJudgeOptions {
  /** Base of an OpenAI-compatible API: 'http://localhost:8000/v1'. */
  readonly url: string;
  readonly model: string;
  /** What the judge is asked. It should answer with a line 'Score: N'. */
  readonly prompt: (sample: { task: Task; prompt: readonly Message[]; completion: string }) => string;
  /** Where the score stands in the judge's answer: the first group of the last match. */
  readonly pattern?: RegExp;
  /** Scores that become 0 and 1. */
  readonly scale?: readonly [worst: number, best: number];
  /** Environment variable that holds the API key, if one is needed. */
  readonly apiKeyVariable?: string;
  readonly temperature?: number;
  readonly maxTokens?: number;
  /** Requests under way at a time. */
  readonly concurrency?: number;
  /** Attempts after the first, at 0.5 s, 1 s, 2 s …, when the server is busy or can't be reached. */
  readonly retries?: number;
  /** Seconds for one attempt. */
  readonly timeout?: number;
  readonly name?: string;
}

/**
 * A language model's score of the completion, through any OpenAI-compatible endpoint, scaled to [0, 1]. The same
 * question is asked once a process. null, counted in `<name>/unreadable`, where the judge's answer holds no score.
 * @throws InputError when the key's environment variable is not set, or `concurrency` is below 1; RunError when the
 * endpoint refuses or stays away after all retries (wrap in `tolerant` to go on without).
 */
export function llmJudge(options: LlmJudgeOptions): RewardFunction {
  const {
    url,
    model,
    prompt,
    // With Markdown or quotes around either: **Score:** 8
    pattern = /score[*_`"']*\s*:[\s*_`"']*(-?\d+(?:\.\d+)?)/i,
    scale = [0, 10],
    temperature = 0,
    maxTokens = 256,
  } = options;
  const { concurrency = 8, name = 'llm_judge', apiKeyVariable } = options;
  const headers = { 'content-type': 'application/json', ...authorization(apiKeyVariable, name) };
  const turn = limited(concurrency);
  const answers = new Map<string, Promise<string>>();
  const ask = (question: string, signal: AbortSignal): Promise<string> => {
    const body = JSON.stringify({
      model,
      temperature,
      max_tokens: maxTokens,
      messages: [{ role: 'user', content: question }],
    });
    const id = createHash('sha256').update(body).digest('hex');
    const known = answers.get(id);
    if (known !== undefined) return known;
    const answer = turn(() =>
      request(`${url.replace(/\/$/, '')}/chat/completions`, { headers, body, signal, options }),
    );
    answers.set(id, answer);
    // A failure is no answer: the next to ask tries again.
    answer.catch(() => answers.delete(id));
    return answer;
  };
  return perCompletion(name, async (completion, task, batch, i) => {
    const answer = await ask(prompt({ task, prompt: batch.prompts[i]!, completion }), batch.signal);
    const score = scoreIn(answer, pattern);
    batch.logMetric(`${name}/unreadable`, score === undefined ? 1 : 0);
    const [worst, best] = scale;
    return score === undefined ? null : Math.min(1, Math.max(0, (score - worst) / (best - worst)));
  });
}

function authorization(variable: string | undefined, name: string): Record<string, string> {
  if (variable === undefined) return {};
  const key = process.env[variable];
  if (key === undefined || key === '')
    throw new InputError(`reward ${name}: environment variable ${variable} must hold the API key`);
  return { authorization: `Bearer ${key}` };
}

function scoreIn(answer: string, pattern: RegExp): number | undefined {
  const all = new RegExp(pattern.source, `${pattern.flags.replace(/[gy]/g, '')}g`);
  const found = withinTime(PATTERN_MS, () => [...answer.matchAll(all)].at(-1)?.[1]);
  const score = Number(found?.value ?? Number.NaN);
  return Number.isFinite(score) ? score : undefined;
}

interface Request {
  readonly headers: Record<string, string>;
  readonly body: string;
  readonly signal: AbortSignal;
  readonly options: Pick<LlmJudgeOptions, 'retries' | 'timeout'>;
}

async function request(url: string, { headers, body, signal, options }: Request): Promise<string> {
  const { retries = 4, timeout = 60 } = options;
  let failure = '';
  for (let attempt = 0; attempt <= retries; attempt++) {
    if (attempt > 0) await sleep(250 * 2 ** attempt, undefined, { signal });
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers,
        body,
        signal: AbortSignal.any([signal, fairTimeout(timeout * 1000)]),
      });
      if (response.ok) return contentOf(await response.json(), url);
      failure = `${response.status} ${(await response.text()).slice(0, 200)}`;
      if (response.status !== 429 && response.status < 500) break;
    } catch (error) {
      if (signal.aborted || error instanceof RunError) throw error;
      failure =
        error instanceof Error
          ? `${error.message}${error.cause instanceof Error ? `: ${error.cause.message}` : ''}`
          : String(error);
    }
  }
  throw new RunError(`the judge at ${url} did not answer: ${failure}`);
}

function contentOf(json: unknown, url: string): string {
  const content = (json as { choices?: { message?: { content?: unknown } }[] } | null)?.choices?.[0]?.message
    ?.content;
  if (typeof content !== 'string')
    throw new RunError(`the judge at ${url} answered without choices[0].message.content`);
  return content;
}
