import type { Transferable, Worker } from 'node:worker_threads';
import { InputError, RunError } from '../errors.ts';
import { unpackError } from './packed-errors.ts';
import type { Methods, Reply, Request } from './protocol.ts';

interface CallOptions {
  /** Aborting it tells the thread to give the call up. The call ends when the thread has. */
  readonly signal?: AbortSignal | undefined;
  /** Buffers among the arguments that are handed over rather than copied. */
  readonly transfer?: readonly Transferable[];
  /** The thread may end, and the process, while the call is under way. */
  readonly background?: boolean;
}

interface Waiting {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
  readonly signal: AbortSignal | undefined;
  readonly background: boolean;
  readonly args: readonly unknown[];
  /** Tells the thread to give the call up. */
  readonly abort: () => void;
  /** What a function among the arguments threw: the call fails with it when the thread has given it up. */
  failed?: { readonly error: unknown };
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
   * Calls a method in the thread. Functions among the arguments are called with what the thread gives them, in order,
   * before the call ends; if one throws, the call is given up and fails with that.
   * @throws what the method throws there, the signal's reason when it gave up because of that, and RunError when the
   * thread ends.
   */
  call<M extends keyof C & string>(
    method: M,
    args: Parameters<C[M]>,
    { signal, transfer = [], background = false }: CallOptions = {},
  ): Promise<Awaited<ReturnType<C[M]>>> {
    const id = this.#calls++;
    const abort = () => this.#post({ type: 'abort', id });
    const answered = new Promise<unknown>((resolve, reject) => {
      if (this.#gone) throw this.#gone;
      signal?.throwIfAborted();
      const listeners = [...args.keys()].filter((place) => typeof args[place] === 'function');
      const plain = args.map((arg) => (typeof arg === 'function' ? undefined : arg));
      this.#post({ type: 'call', id, method, args: plain, listeners }, transfer);
      signal?.addEventListener('abort', abort, { once: true });
      this.#waiting.set(id, { resolve, reject, signal, background, args, abort });
      if (!background) this.#worker.ref();
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
    if (reply.type === 'part') {
      if (waiting !== undefined) hear(waiting, reply);
      return;
    }
    this.#waiting.delete(reply.id);
    // While the thread ends, it must keep the process alive: whoever closes it waits for that.
    const isNeeded = [...this.#waiting.values()].some(({ background }) => !background);
    if (!isNeeded && !this.#closing) this.#worker.unref();
    if (waiting === undefined) return;
    if (waiting.failed !== undefined) waiting.reject(waiting.failed.error);
    else if (reply.type === 'answer') waiting.resolve(reply.result);
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

/** Calls a function among a call's arguments with a part of the answer. */
function hear(waiting: Waiting, { place, given }: Extract<Reply, { type: 'part' }>): void {
  if (waiting.failed !== undefined) return;
  try {
    (waiting.args[place] as (...given: readonly unknown[]) => void)(...given);
  } catch (error) {
    waiting.failed = { error };
    waiting.abort();
  }
}
