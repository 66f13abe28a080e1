import type { GeneratedToken, GenerationDelta, GenerationEnd } from '../../model-service.ts';
import { type AnswerForm, type Collected, finishReason } from './form.ts';
import { headOf, usageOf } from './head.ts';
import { chatLogprobs } from './logprobs.ts';
import { type ReadPiece, ToolCallReader } from './tool-calls.ts';

export interface ChatFormOptions {
  readonly model: string;
  /** Answers to the conversation. */
  readonly n: number;
  readonly logprobs: boolean;
  readonly promptIds: readonly number[];
  readonly tokenIds: boolean;
  /** Whether calls of tools are read from the text. */
  readonly tools: boolean;
  /** Whether chunks say that the usage comes in a chunk of its own. */
  readonly usage: boolean;
}

/** Answers of /v1/chat/completions. */
export class ChatForm implements AnswerForm {
  readonly #options: ChatFormOptions;
  readonly #head: ReturnType<typeof headOf>;
  readonly #readers: (ToolCallReader | undefined)[];
  /** Calls told so far, by answer. */
  readonly #called: number[];

  constructor(options: ChatFormOptions) {
    this.#options = options;
    this.#head = headOf('chatcmpl', 'chat.completion', options.model);
    this.#readers = Array.from({ length: options.n }, () =>
      options.tools ? new ToolCallReader() : undefined,
    );
    this.#called = this.#readers.map(() => 0);
  }

  async prepare(): Promise<void> {}

  opening(index: number): readonly object[] {
    const ids = this.#options.tokenIds && index === 0 ? { prompt_token_ids: this.#options.promptIds } : {};
    const delta = { role: 'assistant', content: '', refusal: null };
    return [{ ...this.#chunk(index, { delta, logprobs: null }), ...ids }];
  }

  chunks(index: number, { tokens, text }: GenerationDelta, end: GenerationEnd | undefined) {
    const { logprobs, tokenIds } = this.#options;
    const read = this.#read(index, text, end !== undefined);
    const chunks: object[] = [];
    if (read.text !== '' || read.calls.length > 0 || (tokens.length > 0 && (logprobs || tokenIds)))
      chunks.push(this.#chunk(index, { delta: this.#delta(index, read), ...this.#beside(tokens) }));
    if (end === undefined) return chunks;
    const reason =
      this.#called[index]! > 0 && end.finishReason !== 'length' ? 'tool_calls' : finishReason(end);
    return [...chunks, this.#chunk(index, { delta: {}, logprobs: null }, reason)];
  }

  usageChunk(ends: readonly GenerationEnd[]): object {
    return { ...this.#chunkHead(), choices: [], usage: usageOf(ends, this.#options.n) };
  }

  whole(completions: readonly Collected[]): object {
    const { n, tokenIds, promptIds } = this.#options;
    const choices = completions.map((completion, index) => this.#choice(completion, index));
    const usage = usageOf(
      completions.map(({ end }) => end),
      n,
    );
    return { ...this.#head, choices, usage, ...(tokenIds ? { prompt_token_ids: promptIds } : {}) };
  }

  #choice({ tokens, text, end }: Collected, index: number) {
    const { text: content, calls } = this.#read(index, text, true);
    const called = calls.length > 0;
    const message = {
      role: 'assistant',
      content: called && content === '' ? null : content,
      refusal: null,
      annotations: [],
    };
    return {
      index,
      message: called ? { ...message, tool_calls: calls } : message,
      ...this.#beside(tokens),
      finish_reason: called && end.finishReason !== 'length' ? 'tool_calls' : finishReason(end),
    };
  }

  #beside(tokens: readonly GeneratedToken[]) {
    const { logprobs, tokenIds } = this.#options;
    const ids = tokenIds ? { token_ids: tokens.map(({ id }) => id) } : {};
    return { logprobs: logprobs ? chatLogprobs(tokens) : null, ...ids };
  }

  #read(index: number, text: string, ended: boolean): ReadPiece {
    const reader = this.#readers[index];
    if (reader === undefined) return { text, calls: [] };
    const read = reader.push(text);
    if (!ended) return read;
    const last = reader.end();
    return { text: read.text + last.text, calls: [...read.calls, ...last.calls] };
  }

  #delta(index: number, { text, calls }: ReadPiece) {
    const first = this.#called[index]!;
    this.#called[index] = first + calls.length;
    if (calls.length === 0) return { content: text };
    const told = calls.map((call, i) => ({ index: first + i, ...call }));
    return text === '' ? { tool_calls: told } : { content: text, tool_calls: told };
  }

  #chunkHead = () => ({ ...this.#head, object: 'chat.completion.chunk' });

  #chunk(index: number, choice: object, reason: string | null = null): object {
    const usage = this.#options.usage ? { usage: null } : {};
    return { ...this.#chunkHead(), choices: [{ index, ...choice, finish_reason: reason }], ...usage };
  }
}
