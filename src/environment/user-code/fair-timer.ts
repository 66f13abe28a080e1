import { heldTime } from '../../engine/held-time.ts';

/** Rings once, after so many milliseconds in which no engine held the thread: only then could the timed code work. */
export class FairTimer {
  readonly #began = fairNow();
  readonly #ring: () => void;
  readonly #ms: number;
  #timer: NodeJS.Timeout;

  constructor(ms: number, ring: () => void) {
    this.#ms = ms;
    this.#ring = ring;
    this.#timer = setTimeout(() => this.#look(), ms);
  }

  /** Whether the time is over. */
  get isOver(): boolean {
    return fairNow() - this.#began > this.#ms;
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  /** Lets the process end before the timer has rung. */
  unref(): this {
    this.#timer.unref();
    return this;
  }

  #look(): void {
    const left = this.#ms - (fairNow() - this.#began);
    // Node's timers ring up to a millisecond early.
    if (left < 1) {
      this.#ring();
      return;
    }
    const waits = this.#timer.hasRef();
    this.#timer = setTimeout(() => this.#look(), left);
    if (!waits) this.#timer.unref();
  }
}

/** `AbortSignal.timeout` by a fair clock. */
export function fairTimeout(ms: number): AbortSignal {
  const late = new AbortController();
  new FairTimer(ms, () =>
    late.abort(new DOMException('The operation was aborted due to timeout', 'TimeoutError')),
  ).unref();
  return late.signal;
}

/** Milliseconds of which no engine took any. */
const fairNow = (): number => performance.now() - heldTime();
