import type { TokenBatch } from '../policy/policy.ts';
import type { Completion, Message } from '../types.ts';

/** How `CausalLM.generate` decodes. */
export interface GenerateOptions {
  /** Texts to continue as they are, or conversations to put through the chat template. */
  readonly prompts: readonly (string | readonly Message[])[];
  readonly maxNewTokens?: number;
  /** Longer prompts keep their last so many tokens. */
  readonly maxPromptLength?: number;
  /** 0 is greedy decoding. */
  readonly temperature?: number;
  readonly topP?: number;
  readonly topK?: number;
  readonly minP?: number;
  /** Completions of each prompt. */
  readonly n?: number;
  readonly stop?: readonly string[];
  readonly seed?: number;
}

/** A causal language model in memory. */
export interface CausalLM {
  /** A prompt's token ids: a text as it is, a conversation through the chat template. */
  encodePrompt(prompt: string | readonly Message[]): readonly number[];
  /** Logits [B, T, V]. */
  logits(batch: TokenBatch): Promise<{ readonly data: Float32Array; readonly shape: readonly number[] }>;
  /** `n` completions of each prompt, prompt by prompt. */
  generate(options: GenerateOptions): Promise<readonly Completion[]>;
  dispose(): Promise<void>;
}
