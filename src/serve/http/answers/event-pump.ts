import type { GenerationDelta, GenerationEnd } from '../../model-service.ts';
import { type AnswerForm, joined, type Progress } from './form.ts';

/**
 * Hands chunks to a client as fast as it reads. What comes while a chunk is on its way becomes one chunk, so a slow
 * client holds up nobody and costs no more memory than the tokens themselves.
 */
export class EventPump {
  readonly #form: AnswerForm;
  readonly #write: (chunk: object) => Promise<void>;
  readonly #waiting = new Map<number, Progress>();
  #pumping: Promise<void> = Promise.resolve();
  #idle = true;

  /** @param write resolves when the client can take more. */
  constructor(form: AnswerForm, write: (chunk: object) => Promise<void>) {
    this.#form = form;
    this.#write = write;
  }

  delta(index: number, delta: GenerationDelta): void {
    const before = this.#waiting.get(index);
    this.#put(index, { ...before, delta: joined(before?.delta, delta) });
  }

  end(index: number, end: GenerationEnd): void {
    this.#put(index, { ...this.#waiting.get(index), end });
  }

  /** Resolves when all is written. */
  async flush(): Promise<void> {
    await this.#pumping;
  }

  #put(index: number, progress: Progress): void {
    this.#waiting.set(index, progress);
    if (!this.#idle) return;
    this.#idle = false;
    this.#pumping = this.#pump();
    // Whoever flushes hears of what fails.
    this.#pumping.catch(() => {});
  }

  async #pump(): Promise<void> {
    // What comes in the same turn goes out together.
    await Promise.resolve();
    for (const [index, progress] of this.#waiting) {
      this.#waiting.delete(index);
      for (const chunk of this.#form.chunks(index, progress)) await this.#write(chunk);
    }
    this.#idle = true;
  }
}
