import type { Completion, Message, Rollout, Task } from '../types.ts';

/** A prompt to continue, with the task it belongs to. */
export interface SampleRequest {
  readonly task: Task;
  readonly messages: readonly Message[];
}

/** How completions are drawn; the same names as the recipe's `sampling`. */
export interface SampleOptions {
  /** G: completions of each prompt. */
  readonly groupSize: number;
  readonly maxNewTokens: number;
  /** Longer prompts lose their oldest turns. */
  readonly maxPromptLength: number;
  /** 0 is greedy decoding. */
  readonly temperature: number;
  readonly topP: number;
  readonly topK: number;
  readonly minP: number;
  /** 1, which changes nothing, when left out. */
  readonly repetitionPenalty?: number | undefined;
  readonly stop: readonly string[];
  /** Memory for keys and values, in GB. Default 1. */
  readonly cacheGB?: number | undefined;
  /**
   * Keeps the keys and values of these texts, in half of that memory, for the next call of `extend`. A call without it
   * drops those that are kept.
   */
  readonly keep?: boolean | undefined;
  /** Seed of the call: the same weights, β, requests and seed give the same bits, whatever else is going on. */
  readonly seed: number;
  /** Aborting it ends the call between two tokens, with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** What completions and episodes are sampled from. */
export interface Sampler {
  /** G first turns of each request, [B] in the order of the requests; request p's are group p. */
  sample(requests: readonly SampleRequest[], options: SampleOptions): Promise<readonly Rollout[]>;
  /** One completion of each text, given as token ids. */
  extend(texts: readonly (readonly number[])[], options: SampleOptions): Promise<readonly Completion[]>;
  /**
   * Ids of the tokens between a turn, which follows a conversation, and the policy's next: the end of the turn where it
   * lacks one, what was said, and the template's marks.
   */
  between(
    conversation: readonly Message[],
    turn: Pick<Completion, 'tokenIds'>,
    said: readonly Message[],
  ): readonly number[];
  /** Positions that the model has. */
  readonly maxPositions: number;
}
