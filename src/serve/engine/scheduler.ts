import { setImmediate as nextTurn } from 'node:timers/promises';

/** Work that is done in steps. */
export interface SteppedWork {
  /** Whether nothing is left to do. */
  readonly idle: boolean;
  /** Does a part of it that takes little time. */
  step(): Promise<void>;
  /** Gives up what is under way: a step failed. */
  fail(error: unknown): void;
}

/** Takes the steps of several works in turn, so that none waits for another's end. */
export class Scheduler {
  private readonly works = new Set<SteppedWork>();
  private readonly afterStep: () => void;
  private running = false;
  private under: SteppedWork | undefined;
  private stopping = false;
  private done = Promise.resolve();

  /** @param afterStep is called after each step, and when everything is done. */
  constructor(afterStep: () => void = () => {}) {
    this.afterStep = afterStep;
  }

  /** Adds work. `wake` says when there is something to do. */
  add(work: SteppedWork): void {
    this.works.add(work);
  }

  remove(work: SteppedWork): void {
    this.works.delete(work);
  }

  /** Whether a step of this work is being computed. */
  isStepping(work: SteppedWork): boolean {
    return this.under === work;
  }

  /** Goes on until all work is idle. */
  wake(): void {
    if (this.running || this.stopping) return;
    this.running = true;
    this.done = this.run();
  }

  /** Takes no more steps. Waits for the end of the one under way. */
  async stop(): Promise<void> {
    this.stopping = true;
    await this.done;
  }

  private async run(): Promise<void> {
    try {
      // What comes in the same turn of the event loop begins together.
      await nextTurn();
      for (;;) {
        const busy = [...this.works].filter(({ idle }) => !idle);
        if (busy.length === 0) break;
        for (const work of busy) {
          if (this.stopping) return;
          await this.take(work);
          // Requests, and those that are given up, are heard between steps.
          await nextTurn();
        }
      }
    } finally {
      this.running = false;
    }
    this.afterStep();
  }

  /** Takes a step of a work. What goes wrong with it, or in what is called after it, ends what that work has under way. */
  private async take(work: SteppedWork): Promise<void> {
    this.under = work;
    try {
      await work.step();
    } catch (error) {
      work.fail(error);
    } finally {
      this.under = undefined;
    }
    try {
      this.afterStep();
    } catch (error) {
      work.fail(error);
    }
  }
}
