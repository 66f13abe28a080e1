import type { StoredAdapter } from '../../adapter/stored-adapter.ts';
import { InputError } from '../../errors.ts';
import type { ChatOptions, Tokenizer } from '../../model/tokenizer/tokenizer.ts';
import type { Message } from '../../types.ts';
import type { Connection } from '../../workers/connection.ts';
import type {
  GenerationDelta,
  GenerationEnd,
  GenerationRequest,
  ModelService,
  ServedModel,
  ServiceStats,
} from '../model-service.ts';
import { notServed } from './not-served.ts';
import type { ServiceCalls } from './service-calls.ts';

/** Longer texts are encoded in the models' thread: they would hold up the program's own. */
const LONG_TEXT = 8192;

const nothing: ServiceStats = {
  waiting: 0,
  running: 0,
  cacheBytes: 0,
  cacheUsedBytes: 0,
  generatedTokens: 0,
  promptTokens: 0,
  cachedTokens: 0,
  draft: undefined,
};

/** Models that live in another thread: requests are passed on, short texts are encoded here. */
export class RemoteModelService implements ModelService {
  readonly #connection: Connection<ServiceCalls>;
  readonly #tokenizer: Tokenizer;
  readonly #stopWatching = new AbortController();
  #models: readonly ServedModel[];
  #stats = nothing;

  constructor(connection: Connection<ServiceCalls>, models: readonly ServedModel[], tokenizer: Tokenizer) {
    this.#connection = connection;
    this.#models = models;
    this.#tokenizer = tokenizer;
    const onStats = (stats: ServiceStats) => {
      this.#stats = stats;
    };
    const { signal } = this.#stopWatching;
    // Whoever asks for tokens is told when the thread ends.
    connection.call('watch', [onStats], { signal, background: true }).catch(() => {});
  }

  models(): readonly ServedModel[] {
    return this.#models;
  }

  async encode(model: string, text: string): Promise<readonly number[]> {
    this.#check(model);
    return text.length > LONG_TEXT ? this.#connection.call('encode', [text]) : this.#tokenizer.encode(text);
  }

  async encodeChat(
    model: string,
    messages: readonly Message[],
    options: ChatOptions,
  ): Promise<readonly number[]> {
    this.#check(model);
    const length = messages.reduce((sum, { content }) => sum + content.length, 0);
    return length > LONG_TEXT
      ? this.#connection.call('encodeChat', [messages, options])
      : this.#tokenizer.encodeChat(messages, options);
  }

  async decode(model: string, ids: readonly number[]): Promise<string> {
    this.#check(model);
    return ids.length > LONG_TEXT / 4 ? this.#connection.call('decode', [ids]) : this.#tokenizer.decode(ids);
  }

  async generate(
    request: GenerationRequest,
    {
      onDelta,
      signal,
    }: { readonly onDelta: (delta: GenerationDelta) => void; readonly signal?: AbortSignal },
  ): Promise<GenerationEnd> {
    const { maxPositions, vocabSize } = this.#check(request.model);
    checkIds(request.promptIds, { most: maxPositions - 1, vocabSize });
    return this.#connection.call('generate', [request, onDelta], { signal });
  }

  async scorePrompt(
    request: { readonly model: string; readonly ids: readonly number[]; readonly topLogprobs: number },
    signal?: AbortSignal,
  ) {
    const { model, ids, topLogprobs } = request;
    const { maxPositions, vocabSize } = this.#check(model);
    checkIds(ids, { most: maxPositions, vocabSize });
    return this.#connection.call('scorePrompt', [model, ids, topLogprobs], { signal });
  }

  stats(): ServiceStats {
    return this.#stats;
  }

  get hasEnded(): boolean {
    return this.#connection.hasEnded;
  }

  async setAdapter(name: string, adapter: StoredAdapter, source: string): Promise<ServedModel> {
    const model = await this.#connection.call('setAdapter', [name, source, adapter]);
    const isKnown = this.#models.some((each) => each.name === name);
    this.#models = isKnown
      ? this.#models.map((each) => (each.name === name ? model : each))
      : [...this.#models, model];
    return model;
  }

  async close(): Promise<void> {
    this.#stopWatching.abort();
    if (this.#connection.hasEnded) return;
    // A thread must not be ended while it computes: that would end the process.
    try {
      await this.#connection.call('dispose', []);
    } finally {
      await this.#connection.close();
    }
  }

  #check(model: string): ServedModel {
    const found = this.#models.find(({ name }) => name === model);
    if (found !== undefined) return found;
    throw notServed(
      model,
      this.#models.map(({ name }) => name),
    );
  }
}

/** @throws InputError for a prompt that is empty or too long, or has ids that the model lacks. */
function checkIds(
  ids: readonly number[],
  { most, vocabSize }: { readonly most: number; readonly vocabSize: number },
): void {
  if (ids.length === 0) throw new InputError('the prompt has no tokens');
  if (ids.length > most)
    throw new InputError(`the prompt has ${ids.length} tokens; the model has room for ${most}`);
  const unknown = ids.find((id) => !Number.isInteger(id) || id < 0 || id >= vocabSize);
  if (unknown !== undefined)
    throw new InputError(`the prompt has the token id ${unknown}; the model's are 0 to ${vocabSize - 1}`);
}
