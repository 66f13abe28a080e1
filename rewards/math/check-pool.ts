import { type PoolLimits, WorkerPool } from '../limits/worker-pool.ts';
import { type Check, type CheckBatch, verdicts } from './check-worker.ts';
import type { Verdict, VerifyOptions } from './verify.ts';

/** 'exceeded': the check ran over its time or memory. */
export type Outcome = Verdict | 'exceeded';

export interface CheckLimits extends PoolLimits {
  /** For one check, in milliseconds; a worker's loading is not counted. */
  readonly timeMs: number;
}

/** Checks handed to a worker at a time: enough to make messages cheap, few enough to share the work. */
const BATCH = 32;
const WATCH_MS = 20;
/** Characters of a text that are read, from its end: answers stand there. */
const READ = 100_000;

/**
 * Verifies answers in worker threads. A check that runs over its limits costs its worker and nothing else: the
 * checks before it keep their verdicts and those after it go to another worker.
 */
export class CheckPool {
  readonly #pool: WorkerPool<CheckBatch, void>;
  readonly #timeMs: number;

  constructor({ timeMs, ...limits }: CheckLimits) {
    this.#pool = new WorkerPool(new URL('./check-worker', import.meta.url), limits);
    this.#timeMs = timeMs;
  }

  /** One outcome a check, in order. */
  async run(checks: readonly Check[], options: VerifyOptions): Promise<Outcome[]> {
    const size = Math.min(BATCH, Math.max(1, Math.ceil(checks.length / (2 * this.#pool.threads))));
    const read = checks.map(({ gold, prediction }) => ({
      gold: gold.slice(-READ),
      prediction: prediction.slice(-READ),
    }));
    const batches: (readonly Check[])[] = [];
    for (let i = 0; i < checks.length; i += size) batches.push(read.slice(i, i + size));
    return (await Promise.all(batches.map((batch) => this.#settle(batch, options)))).flat();
  }

  /** Workers that are running. */
  get workers(): number {
    return this.#pool.workers;
  }

  async close(): Promise<void> {
    await this.#pool.close();
  }

  async #settle(checks: readonly Check[], options: VerifyOptions): Promise<Outcome[]> {
    const outcomes: Outcome[] = [];
    while (outcomes.length < checks.length) {
      const rest = checks.slice(outcomes.length);
      const { settled, begun, failure } = await this.#attempt(rest, options);
      outcomes.push(...settled);
      if (failure === undefined) break;
      // The first check without a verdict is the one that ended its worker.
      if (begun) outcomes.push('exceeded');
      else if (!isOutOfMemory(failure)) throw failure;
      else if (rest.length === 1) outcomes.push('exceeded');
      // Too large to be handed over together: one of them is.
      else for (const check of rest) outcomes.push(...(await this.#settle([check], options)));
    }
    return outcomes;
  }

  async #attempt(checks: readonly Check[], options: VerifyOptions) {
    const progress = new Int32Array(new SharedArrayBuffer(4 * (checks.length + 1)));
    const batch: CheckBatch = { checks, options, progress };
    const overdue = new AbortController();
    const watch = this.#watch(progress, () => overdue.abort());
    let failure: unknown;
    try {
      await this.#pool.run(batch, overdue.signal);
    } catch (error) {
      failure = error;
    } finally {
      clearInterval(watch);
    }
    const settled: Verdict[] = [];
    for (let i = 0; i < checks.length; i++) {
      const verdict = verdicts[Atomics.load(progress, 1 + i)];
      if (verdict === undefined) break;
      settled.push(verdict);
    }
    return { settled, begun: Atomics.load(progress, 0) > 0, failure };
  }

  /** Calls `onOverdue` when one check has run too long. */
  #watch(progress: Int32Array, onOverdue: () => void): NodeJS.Timeout {
    let [current, since] = [0, 0];
    return setInterval(() => {
      const begun = Atomics.load(progress, 0);
      const now = performance.now();
      if (begun !== current) [current, since] = [begun, now];
      else if (begun > 0 && now - since > this.#timeMs) onOverdue();
    }, WATCH_MS);
  }
}

const isOutOfMemory = (error: unknown) =>
  (error as NodeJS.ErrnoException).code === 'ERR_WORKER_OUT_OF_MEMORY';

const shared = new Map<string, CheckPool>();

/** The process's pool for these limits, opened on first use. */
export function sharedCheckPool(limits: CheckLimits): CheckPool {
  const name = JSON.stringify(limits);
  const pool = shared.get(name) ?? new CheckPool(limits);
  shared.set(name, pool);
  return pool;
}
