import type { Worker } from 'node:worker_threads';
import { FairTimer } from '../../src/environment/user-code/fair-timer.ts';
import { startThread } from '../../src/workers/start-thread.ts';

export interface PoolLimits {
  /** Workers at most. */
  readonly threads: number;
  /** Heap of one worker, in MB. */
  readonly memoryMb: number;
}

interface Slot {
  readonly worker: Worker;
  /** Its module is loaded. */
  ready: boolean;
  /** It has ended or been told to: it takes no more tasks. */
  ended: boolean;
  /** The task in hand. */
  task:
    | { onReady(): void; onAnswer(answer: TaskAnswer<unknown>): void; onEnd(error: Error): void }
    | undefined;
}

/** The pool ended a task's worker: the task ran over its time, or its run was aborted. */
class StoppedError extends Error {}

/** Whether a task failed because it ran over its time or its worker's memory. */
export const ranOver = (error: unknown): boolean =>
  error instanceof StoppedError ||
  (error as NodeJS.ErrnoException | null)?.code === 'ERR_WORKER_OUT_OF_MEMORY';

/**
 * A few worker threads that each run one task at a time; the module they run calls `serveTasks`.
 * Workers start when there is work, and do not keep the process alive while they have none.
 */
export class WorkerPool<Task, Result> {
  readonly #module: URL;
  readonly #limits: PoolLimits;
  readonly #idle: Slot[] = [];
  readonly #waiting: ((slot: Slot) => void)[] = [];
  #alive = 0;

  /** @param module the worker's module, without its ending: new URL('./check-worker', import.meta.url). */
  constructor(module: URL, limits: PoolLimits) {
    this.#module = module;
    this.#limits = limits;
  }

  get threads(): number {
    return this.#limits.threads;
  }

  /** Workers that are running. */
  get workers(): number {
    return this.#alive;
  }

  /**
   * Runs a task.
   * @param signal ends the task's worker.
   * @param limitMs ends it after so long, counted from when a worker that is ready has the task.
   * @throws what the task threw, or why its worker ended.
   */
  async run(task: Task, signal: AbortSignal, limitMs?: number): Promise<Result> {
    const slot = await this.#take();
    const stop = () => this.#stop(slot);
    let timer: FairTimer | undefined;
    try {
      signal.throwIfAborted();
      signal.addEventListener('abort', stop, { once: true });
      slot.worker.ref();
      return await new Promise<Result>((resolve, reject) => {
        slot.task = {
          onReady: () => {
            if (limitMs !== undefined) timer = new FairTimer(limitMs, stop);
          },
          onAnswer: (answer) => ('error' in answer ? reject(answer.error) : resolve(answer.result as Result)),
          onEnd: reject,
        };
        if (slot.ready) slot.task.onReady();
        slot.worker.postMessage(task);
      });
    } finally {
      timer?.stop();
      signal.removeEventListener('abort', stop);
      slot.task = undefined;
      this.#release(slot);
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#idle.splice(0).map(({ worker }) => worker.terminate()));
  }

  #take(): Promise<Slot> | Slot {
    const idle = this.#idle.pop();
    if (idle !== undefined) return idle;
    if (this.#alive < this.#limits.threads) return this.#start();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #start(): Slot {
    this.#alive++;
    const worker = startThread(this.#module, {
      resourceLimits: {
        maxOldGenerationSizeMb: this.#limits.memoryMb,
        maxYoungGenerationSizeMb: 32,
        stackSizeMb: 4,
      },
    });
    const slot: Slot = { worker, ready: false, ended: false, task: undefined };
    let failure: Error | undefined;
    worker.on('message', (message: Ready | TaskAnswer<unknown>) => {
      if ('ready' in message) {
        slot.ready = true;
        slot.task?.onReady();
      } else slot.task?.onAnswer(message);
    });
    worker.on('error', (error: Error) => {
      failure = error;
    });
    worker.on('exit', () => {
      this.#alive--;
      this.#retire(slot);
      slot.task?.onEnd(failure ?? new StoppedError('the worker was stopped'));
      const next = this.#waiting.shift();
      if (next !== undefined) next(this.#start());
    });
    return slot;
  }

  /** From here on the worker gets no task, whatever it still says before it has ended. */
  #stop(slot: Slot): void {
    this.#retire(slot);
    void slot.worker.terminate();
  }

  #retire(slot: Slot): void {
    slot.ended = true;
    const place = this.#idle.indexOf(slot);
    if (place >= 0) this.#idle.splice(place, 1);
  }

  #release(slot: Slot): void {
    // Who waits gets a new worker when this one has ended.
    if (slot.ended) return;
    const next = this.#waiting.shift();
    if (next !== undefined) next(slot);
    else {
      slot.worker.unref();
      this.#idle.push(slot);
    }
  }
}

/** What a worker says when it has loaded. */
export type Ready = { readonly ready: true };

/** What a worker sends back for a task. */
export type TaskAnswer<Result> = { readonly result: Result } | { readonly error: Error };
