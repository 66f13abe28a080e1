import type { Model, Sampled, Settings, Turn } from './types.ts';

/** Likeliest tokens that are shown beside each. */
const ALTERNATIVES = 5;

/** The server refused; its message says why. */
export class Refused extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

async function ask(path: string, key: string, init: RequestInit = {}): Promise<Response> {
  const headers = {
    'content-type': 'application/json',
    ...(key === '' ? {} : { authorization: `Bearer ${key}` }),
  };
  const answer = await fetch(path, { ...init, headers });
  if (answer.ok) return answer;
  const body = await answer.json().catch(() => undefined);
  throw new Refused(answer.status, body?.error?.message ?? `the server answered ${answer.status}`);
}

export async function listModels(key: string): Promise<readonly Model[]> {
  return (await (await ask('v1/models', key)).json()).data;
}

/** What came of an answer since the last time. */
export interface Piece {
  readonly content: string;
  readonly tokens: readonly Sampled[];
  readonly reason: string | undefined;
}

/** Asks for an answer and hands over its pieces as they come. */
export async function streamAnswer(
  turns: readonly Turn[],
  settings: Settings,
  {
    key,
    signal,
    onPiece,
  }: { readonly key: string; readonly signal: AbortSignal; readonly onPiece: (piece: Piece) => void },
): Promise<void> {
  const system = settings.system === '' ? [] : [{ role: 'system', content: settings.system }];
  const body = {
    model: settings.model,
    messages: [...system, ...turns.map(({ role, content }) => ({ role, content }))],
    temperature: settings.temperature,
    top_p: settings.topP,
    ...(settings.maxTokens > 0 ? { max_completion_tokens: settings.maxTokens } : {}),
    ...(settings.seed.trim() === '' ? {} : { seed: Number(settings.seed) }),
    logprobs: true,
    top_logprobs: ALTERNATIVES,
    stream: true,
  };
  const answer = await ask('v1/chat/completions', key, {
    method: 'POST',
    body: JSON.stringify(body),
    signal,
  });
  for await (const data of events(answer.body!)) {
    if (data === '[DONE]') return;
    const { error, choices } = JSON.parse(data);
    if (error) throw new Refused(500, error.message);
    const [choice] = choices;
    if (choice === undefined) continue;
    onPiece({
      content: choice.delta.content ?? '',
      tokens: choice.logprobs?.content ?? [],
      reason: choice.finish_reason ?? undefined,
    });
  }
}

/** The data of server-sent events. */
async function* events(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    rest += decoder.decode(value, { stream: true });
    const whole = rest.split('\n\n');
    rest = whole.pop()!;
    for (const event of whole) if (event.startsWith('data: ')) yield event.slice(6);
  }
}
