import { randomUUID } from 'node:crypto';

/** A call that a model wrote, in OpenAI's shape. */
export interface WrittenCall {
  readonly id: string;
  readonly type: 'function';
  /** `arguments` is JSON of an object. */
  readonly function: { readonly name: string; readonly arguments: string };
}

/** What is settled by a piece of text. */
export interface ReadPiece {
  readonly text: string;
  readonly calls: readonly WrittenCall[];
}

const [OPEN, CLOSE] = ['<tool_call>', '</tool_call>'];

/**
 * Finds the calls of tools in a text that comes piece by piece, as Qwen and Hermes models write them:
 * `<tool_call>{"name": …, "arguments": {…}}</tool_call>`. What is no such call stays text. White space beside a call is
 * no text.
 */
export class ToolCallReader {
  /** What is not settled yet. */
  #rest = '';
  #inside = false;
  #afterCall = false;

  push(piece: string): ReadPiece {
    this.#rest += piece;
    const calls: WrittenCall[] = [];
    let text = '';
    for (;;) {
      const at = this.#rest.indexOf(this.#inside ? CLOSE : OPEN);
      if (at === -1) break;
      const before = this.#rest.slice(0, at);
      this.#rest = this.#rest.slice(at + (this.#inside ? CLOSE : OPEN).length);
      if (this.#inside) text += this.#take(before, CLOSE, calls);
      else text += this.#shown(before.trimEnd());
      this.#inside = !this.#inside;
    }
    return { text: this.#inside ? text : text + this.#settled(), calls };
  }

  /** The text has ended. A call whose end mark is missing counts. */
  end(): ReadPiece {
    const calls: WrittenCall[] = [];
    const text = this.#inside ? this.#take(this.#rest, '', calls) : this.#shown(this.#rest);
    this.#rest = '';
    return { text, calls };
  }

  /** Takes a call; gives it back as text where it is none. */
  #take(written: string, end: string, calls: WrittenCall[]): string {
    const call = callOf(written);
    if (call === undefined) return this.#shown(`${OPEN}${written}${end}`);
    this.#afterCall = true;
    calls.push(call);
    return '';
  }

  #shown(text: string): string {
    const shown = this.#afterCall ? text.trimStart() : text;
    if (shown !== '') this.#afterCall = false;
    return shown;
  }

  /** Takes from the rest what can't become the beginning of a call, or the white space before it. */
  #settled(): string {
    let held = Math.min(this.#rest.length, OPEN.length - 1);
    while (!OPEN.startsWith(this.#rest.slice(this.#rest.length - held))) held--;
    const sure = this.#rest.slice(0, this.#rest.length - held).trimEnd();
    this.#rest = this.#rest.slice(sure.length);
    return this.#shown(sure);
  }
}

function callOf(written: string): WrittenCall | undefined {
  try {
    const { name, arguments: given = {} } = JSON.parse(written);
    if (typeof name !== 'string' || typeof given !== 'object' || given === null || Array.isArray(given))
      return undefined;
    return {
      id: `call_${randomUUID().replaceAll('-', '').slice(0, 24)}`,
      type: 'function',
      function: { name, arguments: JSON.stringify(given) },
    };
  } catch {
    return undefined;
  }
}
