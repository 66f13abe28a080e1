import type { GenerationDelta, GenerationEnd, ModelService } from '../../model-service.ts';
import { type AnswerForm, type Collected, finishReason } from './form.ts';
import { type Head, headOf, usageOf } from './head.ts';
import { completionLogprobs, Offsets, type ScoredToken } from './logprobs.ts';

/** A prompt as the client gave it: what `echo` says again. */
export interface TextPrompt {
  readonly ids: readonly number[];
  readonly text: string;
}

export interface TextFormOptions {
  readonly model: string;
  /** Completions of each prompt. */
  readonly n: number;
  readonly echo: boolean;
  /** Likeliest tokens beside each; undefined for no log-probs. */
  readonly logprobs: number | undefined;
  readonly tokenIds: boolean;
  /** Whether chunks say that the usage comes in a chunk of its own. */
  readonly usage: boolean;
}

/** Answers of /v1/completions. */
export class TextForm implements AnswerForm {
  readonly #options: TextFormOptions;
  readonly #prompts: readonly TextPrompt[];
  readonly #service: ModelService;
  readonly #head: Head;
  readonly #offsets: Offsets[];
  /** Of each prompt, where they are echoed with log-probs. */
  #scored: readonly (readonly ScoredToken[])[] = [];

  constructor(prompts: readonly TextPrompt[], options: TextFormOptions, service: ModelService) {
    this.#options = options;
    this.#prompts = prompts;
    this.#service = service;
    this.#head = headOf('cmpl', 'text_completion', options.model);
    this.#offsets = prompts.flatMap(() => Array.from({ length: options.n }, () => new Offsets()));
  }

  async prepare(signal: AbortSignal): Promise<void> {
    const { echo, logprobs } = this.#options;
    if (!echo || logprobs === undefined) return;
    this.#scored = await Promise.all(this.#prompts.map(({ ids }) => this.#score(ids, logprobs, signal)));
  }

  opening(index: number): readonly object[] {
    const { echo, logprobs } = this.#options;
    if (!echo) return [];
    const { text } = this.#promptOf(index);
    const scored =
      logprobs === undefined ? null : completionLogprobs(this.#scoredOf(index), this.#offsets[index]!);
    return [this.#chunk(index, { text, logprobs: scored, ...this.#idsOf(index, []) })];
  }

  chunks(index: number, { tokens, text }: GenerationDelta, end: GenerationEnd | undefined) {
    const { logprobs, tokenIds } = this.#options;
    if (text === '' && logprobs === undefined && !tokenIds && end === undefined) return [];
    const ids = tokenIds ? { token_ids: tokens.map(({ id }) => id) } : {};
    const reason = end === undefined ? null : finishReason(end);
    return [this.#chunk(index, { text, logprobs: this.#logprobs(index, tokens), ...ids }, reason)];
  }

  usageChunk(ends: readonly GenerationEnd[]): object {
    return { ...this.#head, choices: [], usage: usageOf(ends, this.#options.n) };
  }

  whole(completions: readonly Collected[]): object {
    const choices = completions.map((completion, index) => this.#choice(completion, index));
    const ends = completions.map(({ end }) => end);
    return { ...this.#head, choices, usage: usageOf(ends, this.#options.n) };
  }

  #choice({ tokens, text, end }: Collected, index: number) {
    const { echo } = this.#options;
    const before = echo ? this.#promptOf(index).text : '';
    const all = echo ? [...this.#scoredOf(index), ...tokens] : tokens;
    return {
      index,
      text: before + text,
      logprobs: this.#logprobs(index, all),
      finish_reason: finishReason(end),
      ...this.#idsOf(index, tokens),
    };
  }

  #logprobs(index: number, tokens: readonly ScoredToken[]) {
    return this.#options.logprobs === undefined ? null : completionLogprobs(tokens, this.#offsets[index]!);
  }

  #idsOf(index: number, tokens: GenerationDelta['tokens']) {
    if (!this.#options.tokenIds) return {};
    return { prompt_token_ids: this.#promptOf(index).ids, token_ids: tokens.map(({ id }) => id) };
  }

  #chunk(index: number, choice: object, reason: string | null = null): object {
    const usage = this.#options.usage ? { usage: null } : {};
    return { ...this.#head, choices: [{ index, ...choice, finish_reason: reason }], ...usage };
  }

  #promptOf = (index: number): TextPrompt => this.#prompts[Math.floor(index / this.#options.n)]!;
  #scoredOf = (index: number) => this.#scored[Math.floor(index / this.#options.n)] ?? [];

  async #score(ids: readonly number[], topLogprobs: number, signal: AbortSignal): Promise<ScoredToken[]> {
    const { model } = this.#options;
    const scored = await this.#service.scorePrompt({ model, ids, topLogprobs }, signal);
    const first = await this.#service.decode(model, ids.slice(0, 1));
    const bytes = [...new TextEncoder().encode(first)];
    return scored.map(
      (token, i): ScoredToken => token ?? { id: ids[i]!, text: first, bytes, logprob: undefined, top: [] },
    );
  }
}
