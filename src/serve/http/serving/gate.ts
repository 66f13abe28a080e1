import { setMaxListeners } from 'node:events';
import { ApiError } from '../errors/api-error.ts';

/** Seconds that a client is asked to wait, at least and at most. */
const RETRY = { least: 1, most: 60 };

/** A request that was let in. */
export interface Place {
  /** Aborted when the client goes away, time is up, or the server stops. Its reason is an ApiError. */
  readonly signal: AbortSignal;
  /** When it was let in, as performance.now() tells it. */
  readonly arrived: number;
  /** One of its completions got its first token, so it waits no more. */
  started(): void;
  abort(reason: ApiError): void;
  leave(): void;
}

/** Lets requests in: bounds how many completions wait for their first token, and stops them when the server ends. */
export class Gate {
  readonly #maxQueue: number;
  readonly #inside = new Set<Place>();
  #waiting = 0;
  #completions = 0;
  /** Seconds to the first token, as an average in which the newest count most. */
  #wait = 0;
  #whenEmpty: (() => void)[] = [];
  draining = false;

  /** @param maxQueue completions that may wait for their first token. */
  constructor(maxQueue: number) {
    this.#maxQueue = maxQueue;
  }

  /** Completions without a token yet. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Completions that get tokens. */
  get running(): number {
    return this.#completions - this.#waiting;
  }

  /**
   * @param completions how many the request asks for; more than may wait are let in when nothing waits.
   * @throws ApiError 503 while the server ends, 429 when too many wait.
   */
  enter(completions: number): Place {
    this.checkOpen();
    if (this.#waiting > 0 && this.#waiting + completions > this.#maxQueue) throw this.#full();
    const [arrived, controller] = [performance.now(), new AbortController()];
    // Every completion listens.
    setMaxListeners(0, controller.signal);
    let waits = completions;
    const gate = this;
    this.#waiting += completions;
    this.#completions += completions;
    const place: Place = {
      signal: controller.signal,
      arrived,
      started() {
        if (waits === 0) return;
        waits--;
        gate.#waiting--;
        gate.#wait += 0.1 * ((performance.now() - arrived) / 1000 - gate.#wait);
      },
      abort: (reason) => controller.abort(reason),
      leave() {
        if (!gate.#inside.delete(place)) return;
        gate.#waiting -= waits;
        gate.#completions -= completions;
        if (gate.#inside.size === 0) for (const tell of gate.#whenEmpty.splice(0)) tell();
      },
    };
    this.#inside.add(place);
    return place;
  }

  /** @throws ApiError 503 while the server ends. */
  checkOpen(): void {
    if (this.draining) throw stopping();
  }

  /** Lets nobody in any more; resolves when all are gone. */
  drain(): Promise<void> {
    this.draining = true;
    if (this.#inside.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#whenEmpty.push(resolve));
  }

  /** Ends what is under way; gives how many requests those were. */
  abortAll(): number {
    const under = [...this.#inside].filter(({ signal }) => !signal.aborted);
    for (const place of under) place.abort(stopping());
    return under.length;
  }

  #full(): ApiError {
    const seconds = Math.ceil(Math.min(RETRY.most, Math.max(RETRY.least, this.#wait)));
    return new ApiError(
      429,
      `${this.#waiting} completions wait already, and the queue holds ${this.#maxQueue}: try again in ${seconds} s.`,
      { code: 'rate_limit_exceeded', headers: { 'retry-after': String(seconds) } },
    );
  }
}

const stopping = (): ApiError =>
  new ApiError(503, 'The server is stopping: it takes no more requests.', {
    code: 'server_stopping',
    headers: { 'retry-after': '5' },
  });
