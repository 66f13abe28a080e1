import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';

export interface PoolLimits {
  /** Workers at most. */
  readonly threads: number;
  /** Heap of one worker, in MB. */
  readonly memoryMb: number;
}

interface Slot {
  readonly worker: Worker;
  /** Ends the task in hand when its worker dies. */
  fail: ((error: Error) => void) | undefined;
}

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
   * @param limitMs ends it after so long, counted from when a worker takes the task.
   * @throws what the task threw, or why its worker ended.
   */
  async run(task: Task, signal: AbortSignal, limitMs?: number): Promise<Result> {
    const slot = await this.#take();
    const { worker } = slot;
    worker.ref();
    const stop = () => void worker.terminate();
    signal.addEventListener('abort', stop, { once: true });
    const timer = limitMs === undefined ? undefined : setTimeout(stop, limitMs);
    try {
      return await new Promise<Result>((resolve, reject) => {
        slot.fail = reject;
        worker.once('message', (answer: TaskAnswer<Result>) =>
          'error' in answer ? reject(answer.error) : resolve(answer.result),
        );
        if (signal.aborted) stop();
        else worker.postMessage(task);
      });
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
      slot.fail = undefined;
      worker.removeAllListeners('message');
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
    const fromSource = import.meta.url.endsWith('.ts');
    const worker = new Worker(new URL(`${this.#module.href}${fromSource ? '.ts' : '.js'}`), {
      resourceLimits: {
        maxOldGenerationSizeMb: this.#limits.memoryMb,
        maxYoungGenerationSizeMb: 32,
        stackSizeMb: 4,
      },
      // Node 20 can't read TypeScript: where the build has not run, workers load it through jiti.
      ...(fromSource ? { execArgv: ['--import', jitiLoader()] } : {}),
    });
    const slot: Slot = { worker, fail: undefined };
    let failure: Error | undefined;
    worker.on('error', (error: Error) => {
      failure = error;
    });
    worker.on('exit', () => {
      this.#alive--;
      const place = this.#idle.indexOf(slot);
      if (place >= 0) this.#idle.splice(place, 1);
      dead.add(worker);
      slot.fail?.(failure ?? new Error('the worker was stopped'));
      const next = this.#waiting.shift();
      if (next !== undefined) next(this.#start());
    });
    return slot;
  }

  #release(slot: Slot): void {
    if (dead.has(slot.worker)) return;
    const next = this.#waiting.shift();
    if (next !== undefined) next(slot);
    else {
      slot.worker.unref();
      this.#idle.push(slot);
    }
  }
}

/** Workers that have ended: they take no more tasks. */
const dead = new WeakSet<Worker>();

/** What a worker sends back for a task. */
export type TaskAnswer<Result> = { readonly result: Result } | { readonly error: Error };

function jitiLoader(): string {
  return new URL('jiti-register.mjs', pathToFileURL(createRequire(import.meta.url).resolve('jiti'))).href;
}
