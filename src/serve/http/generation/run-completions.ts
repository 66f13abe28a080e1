import type { GenerationDelta, GenerationEnd, GenerationRequest } from '../../model-service.ts';
import { ApiError } from '../errors/api-error.ts';
import type { Place } from '../serving/gate.ts';
import type { Serving } from '../serving/serving.ts';

/** Hears what comes of the completions of one request, by their index. */
export interface Listener {
  readonly onDelta: (index: number, delta: GenerationDelta) => void;
  readonly onEnd: (index: number, end: GenerationEnd) => void;
}

/**
 * Lets a request in, within its time. It is aborted when `client` is; whoever gets the place must leave it.
 * @throws ApiError when there is no room.
 */
export function enter({ gate, settings }: Serving, completions: number, client: AbortSignal): Place {
  const place = gate.enter(completions);
  const onAbort = () => place.abort(gone());
  if (client.aborted) onAbort();
  client.addEventListener('abort', onAbort, { once: true });
  const late = setTimeout(
    () => place.abort(timedOut(settings.requestTimeout)),
    settings.requestTimeout * 1000,
  );
  return {
    ...place,
    leave() {
      clearTimeout(late);
      client.removeEventListener('abort', onAbort);
      place.leave();
    },
  };
}

/** Generates the completions of a request side by side. When one fails, the others are given up. */
export async function runCompletions(
  requests: readonly GenerationRequest[],
  { service, metrics }: Serving,
  { place, onDelta, onEnd }: Listener & { readonly place: Place },
): Promise<void> {
  const seconds = () => (performance.now() - place.arrived) / 1000;
  const one = async (request: GenerationRequest, index: number) => {
    let first: number | undefined;
    const end = await service.generate(request, {
      signal: place.signal,
      onDelta: (delta) => {
        if (first === undefined) {
          first = seconds();
          place.started();
          metrics.firstToken(first);
        }
        metrics.newTokens(delta.tokens.length);
        onDelta(index, delta);
      },
    });
    // Completions of one prompt stand beside each other.
    if (requests[index - 1]?.promptIds !== request.promptIds) metrics.prompt(end.usage.promptTokens);
    metrics.ended(end, seconds(), first ?? seconds());
    onEnd(index, end);
  };
  const running = requests.map((request, i) =>
    request.maxNewTokens === 0 ? onEnd(i, nothing(request)) : one(request, i),
  );
  try {
    await Promise.all(running);
  } catch (error) {
    if (!place.signal.aborted) place.abort(new ApiError(500, 'another completion of the request failed'));
    await Promise.allSettled(running);
    throw error;
  }
}

/** How a completion of no tokens ends: a prompt's log-probs were asked for. */
const nothing = ({ promptIds }: GenerationRequest): GenerationEnd => ({
  finishReason: 'length',
  usage: { promptTokens: promptIds.length, cachedTokens: 0, completionTokens: 0 },
});

const gone = () => new ApiError(499, 'The client closed the connection.', { code: 'client_closed' });

const timedOut = (seconds: number) =>
  new ApiError(
    504,
    `The request took more than ${seconds} s: ask for fewer tokens, or start the server with a longer --request-timeout.`,
    {
      code: 'request_timeout',
      // The openai clients would send it again, to the same end.
      headers: { 'x-should-retry': 'false' },
    },
  );
