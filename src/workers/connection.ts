import type { Transferable, Worker } from 'node:worker_threads';
import { InputError, RunError } from '../errors.ts';
import { unpackError } from './packed-errors.ts';
import type { Methods, Reply, Request } from './protocol.ts';

interface CallOptions {
  /** Aborting it tells the thread to give the call up. The call ends when the thread has. */
  readonly signal?: AbortSignal | undefined;
  /** Buffers among the arguments that are handed over rather than copied. */
  readonly transfer?: readonly Transferable[];
}

interface Waiting {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
  readonly signal: AbortSignal | undefined;
}

/**
 * The calls of a program to a thread that serves them. The thread keeps the process alive only while a call is under
 * way. If it ends, for whatever reason, every call fails.
 */
export class Connection<C extends Methods<C>> {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  readonly #ended: Promise<void>;
  #calls = 0;
  #closing = false;
  #gone: Error | undefined;
  #uncaught: Error | undefined;

  constructor(worker: Worker) {
    this.#worker = worker;
    worker.on('message', (reply: Reply) => this.#take(reply));
    worker.on('error', (error) => {
      this.#uncaught = error;
    });
    this.#ended = new Promise((resolve) => {
      worker.on('exit', (code) => {
        this.#end(code);
        resolve();
      });
    });
    worker.unref();
  }

  /**
   * Calls a method in the thread.
   * @throws what the method throws there, the signal's reason when it gave up because of that, and RunError when the
   * thread ends.
   */
  call<M extends keyof C & string>(
    method: M,
    args: Parameters<C[M]>,
    { signal, transfer = [] }: CallOptions = {},
  ): Promise<Awaited<ReturnType<C[M]>>> {
    const id = this.#calls++;
    const abort = () => this.#post({ type: 'abort', id });
    const answered = new Promise<unknown>((resolve, reject) => {
      if (this.#gone) throw this.#gone;
      signal?.throwIfAborted();
      this.#post({ type: 'call', id, method, args }, transfer);
      signal?.addEventListener('abort', abort, { once: true });
      this.#waiting.set(id, { resolve, reject, signal });
      this.#worker.ref();
    });
    return answered.finally(() => signal?.removeEventListener('abort', abort)) as Promise<
      Awaited<ReturnType<C[M]>>
    >;
  }

  /** Whether the thread has ended. */
  get hasEnded(): boolean {
    return this.#gone !== undefined;
  }

  /** Ends the thread. */
  async close(): Promise<void> {
    this.#closing = true;
    await this.#worker.terminate();
    await this.#ended;
  }

  #post(request: Request, transfer: readonly Transferable[] = []): void {
    try {
      this.#worker.postMessage(request, transfer);
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new InputError(
        `what the run computes with must be plain data, to be sent to its thread: ${why}; runtime.worker=false computes without one`,
        { cause },
      );
    }
  }

  #take(reply: Reply): void {
    if (reply.type === 'warning') {
      process.emitWarning(unpackError(reply.warning));
      return;
    }
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    // While the thread ends, it must keep the process alive: whoever closes it waits for that.
    if (this.#waiting.size === 0 && !this.#closing) this.#worker.unref();
    if (waiting === undefined) return;
    if (reply.type === 'answer') waiting.resolve(reply.result);
    else waiting.reject(reply.aborted ? waiting.signal?.reason : unpackError(reply.error));
  }

  #end(code: number): void {
    this.#gone = new RunError(`the thread that computes has ended: ${this.#reason(code)}`, {
      cause: this.#uncaught,
    });
    for (const { reject } of this.#waiting.values()) reject(this.#gone);
    this.#waiting.clear();
  }

  #reason(code: number): string {
    const error = this.#uncaught;
    if (error === undefined) return `it exited with code ${code}`;
    const outOfMemory = (error as NodeJS.ErrnoException).code === 'ERR_WORKER_OUT_OF_MEMORY';
    return outOfMemory
      ? 'its JavaScript heap is full; NODE_OPTIONS=--max-old-space-size=… gives it more megabytes'
      : error.message;
  }
}
