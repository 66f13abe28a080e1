import type { GenerationDelta, GenerationEnd } from '../../model-service.ts';

/** A completion that has ended. */
export interface Collected extends GenerationDelta {
  readonly end: GenerationEnd;
}

/** The shape of an endpoint's answers, for one request: whole, or as the chunks of a stream. */
export interface AnswerForm {
  /** Computes what the answer needs beside the completions. */
  prepare(signal: AbortSignal): Promise<void>;
  /** Chunks before any token of the completion. */
  opening(index: number): readonly object[];
  /** Chunks of what came of a completion since the last ones, in order; `end` with the last. */
  chunks(index: number, delta: GenerationDelta, end: GenerationEnd | undefined): readonly object[];
  /** The last chunk, where the client asked for it. */
  usageChunk(ends: readonly GenerationEnd[]): object;
  whole(completions: readonly Collected[]): object;
}

/** OpenAI's word: an end token and a stop string are both a stop. */
export const finishReason = ({ finishReason: reason }: GenerationEnd): 'stop' | 'length' =>
  reason === 'length' ? 'length' : 'stop';
