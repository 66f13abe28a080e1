import { AsyncLocalStorage } from 'node:async_hooks';
import { RunError } from '../../errors.ts';
import { whatFailed } from './what-failed.ts';

// A stray error is one that no caller can catch: a promise rejects that nobody awaits, or a timer's callback throws.
// Node ends the process with it, unless the process has a handler for uncaught exceptions. The asynchronous context
// tells whose error it is. If the call that made it is under way, the call fails. If the call has answered, the run
// stops, and what is under way is given up. `uncaughtExceptionMonitor` only observes: whether the process goes on stays
// with its handlers.

/** What takes the stray errors of the code that runs in a context. */
interface Scope {
  /** Gives whether anyone minds. `what` names the code where it is known. */
  readonly take: (error: unknown, what?: string) => boolean;
}

const scopes = new AsyncLocalStorage<Scope | undefined>();
const runs = new Set<StrayErrors>();
let watchers = 0;

/** Calls code of a recipe. @throws what it throws, and a stray error of it that comes before it has answered. */
export async function withStrays<T>(what: string, call: () => T | Promise<T>): Promise<T> {
  const outer = scopes.getStore();
  let answered = false;
  let fail: (error: unknown) => void = () => {};
  const stray = new Promise<never>((_, reject) => {
    fail = reject;
  });
  const take: Scope['take'] = (error) => {
    if (answered) return outer?.take(error, what) ?? false;
    fail(error);
    return true;
  };
  watch(1);
  try {
    return await scopes.run({ take }, () => Promise.race([call(), stray]));
  } finally {
    answered = true;
    watch(-1);
  }
}

/** Calls code of a recipe that answers at once: a stray error that it leaves behind carries its name. */
export function namingStrays<T>(what: string, call: () => T): T {
  const outer = scopes.getStore();
  return scopes.run({ take: (error) => outer?.take(error, what) ?? false }, call);
}

/** The stray errors of one run that no call under way took. */
export class StrayErrors {
  readonly #stop: AbortController;
  readonly #stopped: AbortSignal;
  readonly #outer = scopes.getStore();
  #first: RunError | undefined;

  /**
   * @param stop is aborted at the first of them.
   * @param stopped is aborted when the run stops for whatever reason: what code that was cut short leaves behind does
   * not count.
   */
  constructor(stop: AbortController, stopped: AbortSignal) {
    this.#stop = stop;
    this.#stopped = stopped;
  }

  /** The first one. */
  get first(): RunError | undefined {
    return this.#first;
  }

  /** Begins a run; until `close` the stray errors of what it does are its own. */
  open<T>(begin: () => T): T {
    watch(1);
    runs.add(this);
    return scopes.run({ take: (error, what) => this.take(error, what) }, begin);
  }

  /** Calls whoever listens to the run: their stray errors are theirs. */
  outside<T>(call: () => T): T {
    return scopes.run(this.#outer, call);
  }

  take(error: unknown, what?: string): true {
    if (this.#stopped.aborted) return true;
    const why = whatFailed(error);
    const message =
      what === undefined
        ? `something that no call waited for failed: ${stackOf(error, why)}`
        : `${what} failed after it had answered: ${why}`;
    this.#first = new RunError(message, { cause: error });
    this.#stop.abort();
    return true;
  }

  /** @throws the first one, if there was any. */
  check(): void {
    if (this.#first !== undefined) throw this.#first;
  }

  close(): void {
    if (runs.delete(this)) watch(-1);
  }
}

/**
 * For a process that is anneal's alone: gives an uncaught exception to whom it belongs, or to every run under way.
 * Gives whether anyone took it.
 */
export function takeStray(error: unknown): boolean {
  const reason = reasonOf(error);
  const scope = scopes.getStore();
  if (scope !== undefined) return scope.take(reason);
  return [...runs].map((run) => run.take(reason)).length > 0;
}

/** Of unknown origin, and without a place in a user's file, the stack is all there is to find an error by. */
function stackOf(error: unknown, why: string): string {
  return error instanceof Error && why === error.message ? (error.stack ?? why) : why;
}

/** Listens while any code of a recipe may run. */
function watch(change: 1 | -1): void {
  watchers += change;
  if (watchers === 1 && change === 1) process.on('uncaughtExceptionMonitor', onUncaught);
  if (watchers === 0) process.off('uncaughtExceptionMonitor', onUncaught);
}

function onUncaught(error: unknown): void {
  scopes.getStore()?.take(reasonOf(error));
}

/** What an uncaught exception is about: Node wraps what a promise was rejected with where that is no Error. */
export function reasonOf(error: unknown): unknown {
  if ((error as { code?: unknown } | undefined)?.code !== 'ERR_UNHANDLED_REJECTION') return error;
  return /rejected with the reason "(.*)"\.$/s.exec((error as Error).message)?.[1] ?? error;
}
