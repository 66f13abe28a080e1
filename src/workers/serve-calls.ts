import type { MessagePort } from 'node:worker_threads';
import { packError } from './packed-errors.ts';
import { HandedOver, type Handlers, type Methods, type Reply, type Request } from './protocol.ts';

/**
 * Answers the calls that come to a thread's port. A handler is begun as soon as its call arrives, in the order of the
 * calls, while others are under way.
 */
export function serveCalls<C extends Methods<C>>(port: MessagePort, handlers: Handlers<C>): void {
  const underWay = new Map<number, AbortController>();
  port.on('message', (request: Request) => {
    if (request.type === 'abort') underWay.get(request.id)?.abort();
    else void answer(request);
  });

  async function answer({ id, method, args, listeners }: Extract<Request, { type: 'call' }>): Promise<void> {
    const stop = new AbortController();
    underWay.set(id, stop);
    const all = args.map((arg, place) => (listeners.includes(place) ? listener(id, place) : arg));
    try {
      const given = await handlers[method as keyof C](stop.signal, ...(all as Parameters<C[keyof C]>));
      const [result, buffers] = given instanceof HandedOver ? [given.value, given.buffers] : [given, []];
      port.postMessage({ type: 'answer', id, result } satisfies Reply, [...buffers]);
    } catch (error) {
      const aborted = stop.signal.aborted && error === stop.signal.reason;
      port.postMessage({ type: 'failure', id, error: packError(error), aborted } satisfies Reply);
    } finally {
      underWay.delete(id);
    }
  }

  function listener(id: number, place: number) {
    return (...given: readonly unknown[]) => {
      // Parts that come after the answer are of no use to anybody.
      if (underWay.has(id)) port.postMessage({ type: 'part', id, place, given } satisfies Reply);
    };
  }
}

/** Sends the warnings of this thread to the program, which shows them or listens to them as to its own. */
export function passWarningsOn(port: MessagePort): void {
  process.removeAllListeners('warning');
  process.on('warning', (warning) => {
    port.postMessage({ type: 'warning', warning: packError(warning) } satisfies Reply);
  });
}
