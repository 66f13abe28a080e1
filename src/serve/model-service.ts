import type { StoredAdapter } from '../adapter/stored-adapter.ts';
import type { ChatOptions } from '../model/tokenizer/tokenizer.ts';
import type { FinishReason, Message } from '../types.ts';

// What stands between a server and the models that it serves. The server checks requests and speaks HTTP; the models
// compute in a thread of their own (`openModelService`), so that the server answers meanwhile.

/** One completion that a client asks for. The server has checked the ranges of all numbers. */
export interface GenerationRequest {
  /** Name of a served model. */
  readonly model: string;
  /** At least one token, and fewer than the model has positions. */
  readonly promptIds: readonly number[];
  readonly maxNewTokens: number;
  /** 0 is greedy decoding; its log-probs are those at temperature 1. */
  readonly temperature: number;
  readonly topP: number;
  readonly topK: number;
  readonly minP: number;
  /** 1 for none. */
  readonly repetitionPenalty: number;
  /** Texts that end the completion; its text ends before them. */
  readonly stop: readonly string[];
  /** The same seed and prompt give the same tokens, whatever else is computed beside; with a draft but for rounding. */
  readonly seed: number;
  /** Likeliest tokens to tell beside each sampled one, 20 at most; 0 for none. */
  readonly topLogprobs: number;
  /** Goes on after end tokens, to `maxNewTokens`: for benchmarks. */
  readonly ignoreEos: boolean;
}

/** A token as a client sees it. */
export interface TokenProb {
  readonly id: number;
  /** Its own text, special tokens as they are written; an incomplete UTF-8 sequence gives U+FFFD. */
  readonly text: string;
  /** The bytes of its text. */
  readonly bytes: readonly number[];
  /** In nats, at the sampling temperature, without truncation and without repetition penalty. */
  readonly logprob: number;
}

/** A token that was sampled, or stands in a prompt. */
export interface GeneratedToken extends TokenProb {
  /** The likeliest tokens in its place, the likeliest first. */
  readonly top: readonly TokenProb[];
}

/** What came since the last time: tokens, and the text that is settled by them. */
export interface GenerationDelta {
  readonly tokens: readonly GeneratedToken[];
  /** May be empty: of bytes that another token completes, or of what may become a stop string. */
  readonly text: string;
}

export interface GenerationEnd {
  readonly finishReason: FinishReason;
  readonly usage: {
    readonly promptTokens: number;
    /** Tokens of the prompt whose keys and values were there already. */
    readonly cachedTokens: number;
    readonly completionTokens: number;
  };
}

export interface ServedModel {
  readonly name: string;
  /** Where it came from: a run's folder, a model's folder, a name on the hub. */
  readonly source: string;
  /** β of the adapter it is served with; undefined without one. */
  readonly beta: number | undefined;
  readonly maxPositions: number;
  readonly vocabSize: number;
  readonly hasChatTemplate: boolean;
  /** Where the draft came from that proposes its tokens; undefined without one. */
  readonly draft: string | undefined;
}

/** How a draft's proposals fared so far. */
export interface DraftStats {
  /** Completions that a call of the model gave tokens, summed over the calls, and those tokens. */
  readonly calls: number;
  readonly tokens: number;
  /** Tokens that the draft proposed, and those of them that the model accepted. */
  readonly proposed: number;
  readonly accepted: number;
}

/** The numbers of a service, some 50 ms old at most. */
export interface ServiceStats {
  /** Requests that have no room yet or whose prompts are being computed, and those that get tokens. */
  readonly waiting: number;
  readonly running: number;
  /** Bytes allocated for keys and values, kept prompts included, and those of them in use. */
  readonly cacheBytes: number;
  readonly cacheUsedBytes: number;
  /** Tokens that were generated so far, in all. */
  readonly generatedTokens: number;
  /** Tokens of the prompts of requests that have ended, and how many of them were there already. */
  readonly promptTokens: number;
  readonly cachedTokens: number;
  /** Undefined without a draft. */
  readonly draft: DraftStats | undefined;
}

/** Models that serve requests, side by side. */
export interface ModelService {
  /** The models by their names, the base first. */
  models(): readonly ServedModel[];
  /** Ids of a text, with the tokenizer's own BOS where it has that habit. @throws InputError as the tokenizer does. */
  encode(model: string, text: string): Promise<readonly number[]>;
  /** Ids of a conversation through the model's chat template. @throws InputError when the template refuses it. */
  encodeChat(model: string, messages: readonly Message[], options: ChatOptions): Promise<readonly number[]>;
  decode(model: string, ids: readonly number[]): Promise<string>;
  /**
   * Generates one completion, and hands over its tokens as they come. Requests are taken in the order in which they
   * come; aborting the signal frees the request's place at once.
   * @throws the signal's reason when it was aborted.
   */
  generate(
    request: GenerationRequest,
    options: { readonly onDelta: (delta: GenerationDelta) => void; readonly signal?: AbortSignal },
  ): Promise<GenerationEnd>;
  /**
   * The prompt's own tokens, each with its log-prob given those before it at temperature 1, and the likeliest in its
   * place, 20 at most. A token that is the likeliest has the very log-prob of the first of them. The first token of the
   * prompt has none: undefined.
   */
  scorePrompt(
    request: { readonly model: string; readonly ids: readonly number[]; readonly topLogprobs: number },
    signal?: AbortSignal,
  ): Promise<readonly (GeneratedToken | undefined)[]>;
  stats(): ServiceStats;
  /** Whether the models are gone, so that every request fails: their thread has ended. */
  readonly hasEnded: boolean;
  /**
   * Serves an adapter by a name, in place of what had it: requests that come afterwards get the new one, those under way
   * end with what they began with. `source` is what `models` tells of it.
   * @throws InputError when the adapter does not fit the base.
   */
  setAdapter(name: string, adapter: StoredAdapter, source: string): Promise<ServedModel>;
  /** Ends what is under way, and the thread. */
  close(): Promise<void>;
}
