import { setTimeout as sleep } from 'node:timers/promises';
import { tell } from '../base/hub-events.ts';
import type { HubSettings } from '../base/hub-settings.ts';
import { type Asked, connectionError, refusal, retryAfter, UnreachableError } from './hub-errors.ts';

/** A successful answer of the hub, or of a host that it redirects to. */
export interface HubAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** The body. @throws UnreachableError when it breaks off, or no byte comes for a while. */
  chunks(): AsyncGenerator<Uint8Array>;
}

export interface RequestOptions {
  readonly asked: Asked;
  readonly method?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: string | undefined;
  /** Statuses that are no error besides 2xx. */
  readonly accepted?: readonly number[];
  /** Times that a connection which breaks before there is an answer is made anew. */
  readonly retries?: number;
  /** Ends the request. */
  readonly signal?: AbortSignal | undefined;
}

/** Tries after the first. */
const RETRIES = 3;
/** Longest wait, in seconds, that the hub may ask for: its windows are five minutes. */
const LONGEST_WAIT = 310;

/**
 * Asks the hub. The token goes to the hub's own host alone: `fetch` leaves it out when it follows a redirect to another
 * one. Waits when the hub asks to (429), and tries again when a connection breaks or a server is down (5xx).
 * @throws InputError when the hub refuses; UnreachableError when it can't be asked.
 */
export async function hubRequest(url: string, options: RequestOptions): Promise<HubAnswer> {
  const { asked, accepted = [], signal } = options;
  for (let tries = 0; ; tries++) {
    const { response, watch } = await ask(url, options, tries);
    if (response.ok || accepted.includes(response.status)) {
      const { status, headers } = response;
      return { status, headers, chunks: () => chunksOf(response, watch, asked.settings) };
    }
    await response.body?.cancel().catch(() => {});
    const seconds = tries < RETRIES ? waitFor(response, tries) : undefined;
    if (seconds === undefined) throw refusal(response, asked);
    if (seconds > 2)
      tell({ type: 'note', text: `${asked.settings.endpoint} asks to wait ${Math.ceil(seconds)} s` });
    await sleep(1000 * seconds, undefined, { signal });
  }
}

async function ask(
  url: string,
  options: RequestOptions,
  tries: number,
): Promise<{ readonly response: Response; readonly watch: Watch }> {
  const { asked, method = 'GET', headers = {}, body, signal, retries = RETRIES } = options;
  const { settings } = asked;
  for (let broken = 0; ; broken++) {
    const watch = new Watch(settings.idle, signal);
    try {
      const response = await watch.over(
        fetch(url, {
          method,
          headers: { ...identity, ...headers, ...authorisation(url, settings) },
          ...(body !== undefined && { body }),
          signal: watch.signal,
        }),
      );
      return { response, watch };
    } catch (error) {
      signal?.throwIfAborted();
      const failed = connectionError(error, `can't reach ${settings.endpoint}`);
      if (!failed.broke || watch.expired || tries + broken >= retries) throw failed;
      await sleep(pause(broken), undefined, { signal });
    }
  }
}

/** What every request says: bytes are to come as they are stored, so that they can be counted and resumed. */
const identity = { 'accept-encoding': 'identity', 'user-agent': 'anneal' };

function authorisation(url: string, { endpoint, token }: HubSettings): Record<string, string> {
  const own = token !== undefined && new URL(url).origin === new URL(endpoint).origin;
  return own ? { authorization: `Bearer ${token}` } : {};
}

/** Seconds to wait before the next try; undefined when there is to be none. */
function waitFor({ status, headers }: Response, tries: number): number | undefined {
  const asked = retryAfter(headers);
  if (status === 429) return (asked ?? 0) > LONGEST_WAIT ? undefined : (asked ?? pause(tries) / 1000);
  if (![500, 502, 503, 504].includes(status)) return undefined;
  return Math.min(asked ?? 0, 30) || pause(tries) / 1000;
}

/** Milliseconds before another try: half a second, then twice as long each time. */
export const pause = (tries: number): number => 500 * 2 ** tries;

async function* chunksOf(
  response: Response,
  watch: Watch,
  settings: HubSettings,
): AsyncGenerator<Uint8Array> {
  const reader = response.body?.getReader();
  if (reader === undefined) return;
  try {
    for (;;) {
      const { done, value } = await watch.over(reader.read());
      if (done) return;
      yield value;
    }
  } catch (error) {
    watch.outer?.throwIfAborted();
    if (error instanceof UnreachableError) throw error;
    throw connectionError(error, `the connection to ${settings.endpoint} broke`);
  } finally {
    await reader.cancel().catch(() => {});
  }
}

/** Ends a request for which nothing has arrived for a while. */
class Watch {
  private readonly idle: number;
  private readonly own = new AbortController();
  readonly outer: AbortSignal | undefined;
  readonly signal: AbortSignal;

  constructor(idle: number, outer: AbortSignal | undefined) {
    this.idle = idle;
    this.outer = outer;
    this.signal = outer === undefined ? this.own.signal : AbortSignal.any([outer, this.own.signal]);
  }

  get expired(): boolean {
    return this.own.signal.aborted;
  }

  /** Waits for what must arrive in time. */
  async over<T>(arrival: Promise<T>): Promise<T> {
    const seconds = this.idle / 1000;
    const late = () => this.own.abort(new Error(`no byte for ${seconds} seconds (HF_HUB_DOWNLOAD_TIMEOUT)`));
    const timer = setTimeout(late, this.idle);
    try {
      return await arrival;
    } finally {
      clearTimeout(timer);
    }
  }
}
