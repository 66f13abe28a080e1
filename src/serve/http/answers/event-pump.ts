import type { GeneratedToken, GenerationDelta, GenerationEnd } from '../../model-service.ts';
import type { AnswerForm } from './form.ts';

/** What a completion has told since its last chunk. */
interface Waiting {
  readonly tokens: GeneratedToken[];
  text: string;
  end: GenerationEnd | undefined;
}

/**
 * Hands chunks to a client as fast as it reads. What comes while a chunk is on its way becomes one chunk, so a slow
 * client holds up nobody and costs no more memory than the tokens themselves.
 */
export class EventPump {
  readonly #form: AnswerForm;
  readonly #write: (chunk: object) => Promise<void>;
  readonly #waiting = new Map<number, Waiting>();
  #pumping: Promise<void> = Promise.resolve();
  #idle = true;

  /** @param write resolves when the client can take more. */
  constructor(form: AnswerForm, write: (chunk: object) => Promise<void>) {
    this.#form = form;
    this.#write = write;
  }

  delta(index: number, { tokens, text }: GenerationDelta): void {
    const waiting = this.#at(index);
    for (const token of tokens) waiting.tokens.push(token);
    waiting.text += text;
  }

  end(index: number, end: GenerationEnd): void {
    this.#at(index).end = end;
  }

  /** Resolves when all is written. */
  async flush(): Promise<void> {
    await this.#pumping;
  }

  #at(index: number): Waiting {
    const found = this.#waiting.get(index) ?? { tokens: [], text: '', end: undefined };
    this.#waiting.set(index, found);
    if (this.#idle) {
      this.#idle = false;
      this.#pumping = this.#pump();
      // Whoever flushes hears of what fails.
      this.#pumping.catch(() => {});
    }
    return found;
  }

  async #pump(): Promise<void> {
    // What comes in the same turn goes out together.
    await Promise.resolve();
    for (const [index, { end, ...delta }] of this.#waiting) {
      this.#waiting.delete(index);
      for (const chunk of this.#form.chunks(index, delta, end)) await this.#write(chunk);
    }
    this.#idle = true;
  }
}
