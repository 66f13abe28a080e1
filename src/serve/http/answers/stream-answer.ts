import type { Context } from 'hono';
import { type SSEStreamingApi, streamSSE } from 'hono/streaming';
import type { GenerationEnd, GenerationRequest } from '../../model-service.ts';
import { ApiError } from '../errors/api-error.ts';
import { asApiError } from '../errors/as-api-error.ts';
import { runCompletions } from '../generation/run-completions.ts';
import type { Place } from '../serving/gate.ts';
import type { Serving } from '../serving/serving.ts';
import { EventPump } from './event-pump.ts';
import type { AnswerForm } from './form.ts';

/** Milliseconds without an event, after which a comment tells the client and what lies between that we are here. */
const SIGN_OF_LIFE = 15_000;
/** Milliseconds after which a client that reads nothing is given up. */
const STALLED = 60_000;

interface Streamed {
  readonly requests: readonly GenerationRequest[];
  readonly form: AnswerForm;
  readonly place: Place;
  readonly includeUsage: boolean;
}

/**
 * Answers by server-sent events, as OpenAI's API: chunks, the usage where it is asked for, and `[DONE]`. An error after
 * the beginning is an event with `error`.
 */
export function streamAnswer(c: Context, serving: Serving, streamed: Streamed): Response {
  const { place } = streamed;
  // Proxies such as nginx would hold events back.
  c.header('X-Accel-Buffering', 'no');
  return streamSSE(c, async (stream) => {
    stream.onAbort(() => place.abort(new ApiError(499, 'The client closed the connection.')));
    const alive = setInterval(() => void stream.write(': working\n\n'), SIGN_OF_LIFE);
    try {
      await sendAll(stream, serving, streamed);
    } catch (error) {
      const told = asApiError(error, serving.onBug);
      if (!stream.aborted) await stream.writeSSE({ data: JSON.stringify(told.body()) });
    } finally {
      clearInterval(alive);
      place.leave();
    }
    await stream.writeSSE({ data: '[DONE]' });
  });
}

async function sendAll(
  stream: SSEStreamingApi,
  serving: Serving,
  { requests, form, place, includeUsage }: Streamed,
): Promise<void> {
  const write = async (chunk: object) => {
    const stalled = setTimeout(() => {
      place.abort(new ApiError(499, 'The client read nothing for too long.'));
      stream.abort();
    }, STALLED);
    await stream.writeSSE({ data: JSON.stringify(chunk) });
    clearTimeout(stalled);
  };
  await form.prepare(place.signal);
  for (const index of requests.keys()) for (const chunk of form.opening(index)) await write(chunk);
  const ends: GenerationEnd[] = [];
  const pump = new EventPump(form, write);
  await runCompletions(requests, serving, {
    place,
    onDelta: (index, delta) => pump.delta(index, delta),
    onEnd: (index, end) => {
      ends[index] = end;
      pump.end(index, end);
    },
  });
  await pump.flush();
  if (includeUsage) await write(form.usageChunk(ends));
}
