import type { HttpBindings } from '@hono/node-server';
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
    const write = writer(stream, () => {
      place.abort(stalled());
      stream.abort();
      (c.env as Partial<HttpBindings>).outgoing?.destroy();
    });
    try {
      await sendAll(write, serving, streamed);
    } catch (error) {
      // The client may read nothing, and its place must not wait for it.
      place.leave();
      await write(JSON.stringify(asApiError(error, serving.onBug).body()));
    } finally {
      clearInterval(alive);
      place.leave();
    }
    await write('[DONE]');
  });
}

type Write = (data: string) => Promise<void>;

/** Writes events. One that the client does not take in time rejects, after `giveUp`; a closed stream takes no more. */
function writer(stream: SSEStreamingApi, giveUp: () => void): Write {
  return async (data) => {
    if (stream.aborted) return;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        giveUp();
        reject(stalled());
      }, STALLED);
    });
    try {
      await Promise.race([stream.writeSSE({ data }), late]);
    } finally {
      clearTimeout(timer);
    }
  };
}

const stalled = () => new ApiError(499, 'The client read nothing for too long.');

async function sendAll(
  send: Write,
  serving: Serving,
  { requests, form, place, includeUsage }: Streamed,
): Promise<void> {
  const write = (chunk: object) => send(JSON.stringify(chunk));
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
