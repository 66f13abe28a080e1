import type { StoredAdapter } from '../adapter/stored-adapter.ts';
import type { ModelConfig } from '../model/config/model-config.ts';
import type { Sequences } from '../model/packed-rows.ts';
import type { SaveOptions } from '../model/save/save-model.ts';
import type { TokenBatch } from '../model/token-logits.ts';
import type { Tokenizer } from '../model/tokenizer/tokenizer.ts';
import type { SpeculationStats } from '../rollout/session/speculation.ts';
import type { Completion, Message } from '../types.ts';

/** Options of `CausalLM.generate`. */
export interface GenerateOptions {
  /** The prompts. A text is continued as it is; a conversation goes through the chat template. */
  readonly prompts?: readonly (string | readonly Message[])[];
  /** Token ids instead of `prompts`, [P, T]. A row may be padded on either side, where `attentionMask` is 0. */
  readonly inputIds?: readonly (readonly number[])[];
  readonly attentionMask?: readonly (readonly number[])[];
  /** Default 64. */
  readonly maxNewTokens?: number;
  /**
   * Longer texts keep only their last `maxPromptLength` tokens; longer conversations lose their oldest turns. Default:
   * no limit.
   */
  readonly maxPromptLength?: number;
  /** Default 1. 0 is greedy decoding. */
  readonly temperature?: number;
  /** Samples from the likeliest tokens that together have this probability. Default 1, all tokens. */
  readonly topP?: number;
  /** Samples from this many likeliest tokens. Default 0, all tokens. */
  readonly topK?: number;
  /** Drops tokens below this share of the likeliest token's probability. Default 0. */
  readonly minP?: number;
  /** Above 1 makes tokens of the prompt and of the completion so far less likely. Default 1. */
  readonly repetitionPenalty?: number | undefined;
  /** Completions of each prompt, G. Default 1. */
  readonly n?: number;
  /** Texts that end a completion. */
  readonly stop?: readonly string[];
  /** Memory for keys and values, in GB. Default 1. Where they don't fit, some texts wait for others to end. */
  readonly cacheGB?: number | undefined;
  /**
   * Keeps the keys and values of these texts, in half of that memory, for the next call: what its prompts begin with is
   * not computed again. A call without it drops those that are kept.
   */
  readonly keep?: boolean | undefined;
  /**
   * A draft of this model, from its `loadDraft`: proposes `draftTokens` tokens at a time (4), of which the model takes
   * what makes the texts its own. Greedy texts are the same, sampled ones have the same distribution.
   */
  readonly draft?: CausalLM | undefined;
  readonly draftTokens?: number | undefined;
  /** Is told at the end how the draft's proposals fared. */
  readonly onSpeculation?: ((stats: SpeculationStats) => void) | undefined;
  /** Seed of the sampling. Default 0. */
  readonly seed?: number;
  /** Aborting it ends the call between two tokens, with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** An array of numbers with its shape. */
export interface Numbers {
  readonly data: Float32Array;
  readonly shape: readonly number[];
}

/**
 * A causal language model in memory.
 * @example
 * const model = await loadModel('tiny');
 * const [completion] = await model.generate({ prompts: ['36-2*8='], temperature: 0 });
 * await model.dispose();
 */
export interface CausalLM {
  readonly config: ModelConfig;
  readonly tokenizer: Tokenizer;
  /** Encodes a prompt to token ids. A text is encoded as it is; a conversation goes through the chat template. */
  encodePrompt(prompt: string | readonly Message[]): readonly number[];
  /** Computes the logits [B, T, V]. They are 0 at padding. */
  logits(batch: TokenBatch): Promise<Numbers>;
  /**
   * Computes the log-prob (nats) of each token given those before it, [B, T−1]. It is 0 where the token is padding or
   * the first of its row.
   */
  logprobs(batch: TokenBatch): Promise<Numbers>;
  /**
   * Computes the log-prob (nats) of each token of given texts after their prompts, as token ids: [P][G][T]. A prompt
   * is forwarded once for its texts. `size` texts are forwarded at once (32): memory, not results.
   */
  continuationLogprobs(
    sequences: readonly Sequences[],
    size?: number,
  ): Promise<readonly (readonly (readonly number[])[])[]>;
  /**
   * Samples `n` completions of each prompt. Returns P·n completions; those of one prompt stand next to each other.
   * @throws InputError for an empty or overlong prompt, and after `dispose`.
   */
  generate(options: GenerateOptions): Promise<readonly Completion[]>;
  /**
   * Returns this model with an adapter, given as a folder, as one on the Hugging Face hub, or in memory. Both models share weights
   * and engine.
   * @throws InputError when the adapter does not fit the model.
   */
  withAdapter(adapter: StoredAdapter | string): Promise<CausalLM>;
  /**
   * Loads a draft of this model: a model with the same vocabulary, such as what a run with objective 'draft' merged. It
   * shares this model's engine, and the weights that are the same. It may have fewer positions than this model: behind
   * its last one it may propose worse, and the texts are the same. Dispose of it before this model.
   * @throws InputError as `loadModel` does, and when its vocabulary is another one.
   */
  loadDraft(source: string): Promise<CausalLM>;
  /** Sets β of every layer. @throws InputError when no annealed adapter is there, or β is outside [0, 1]. */
  setBeta(beta: number): void;
  /**
   * Returns a model with the adapter folded into its weights.
   * @throws RefusedError while β ≠ 0, InputError without an adapter.
   */
  merge(): CausalLM;
  /**
   * Writes the model with its adapter merged in: a folder in Hugging Face layout unless `options` say otherwise.
   * @throws RefusedError while β ≠ 0.
   */
  save(out: string, options?: SaveOptions): Promise<void>;
  /** Releases the programs that this model compiled. If `loadModel` opened an engine for this model, closes it. */
  dispose(): Promise<void>;
}
