import type { GenerationDelta, GenerationEnd } from '../../model-service.ts';

/** A completion that has ended. */
export interface Collected extends GenerationDelta {
  readonly end: GenerationEnd;
}

/** What came of one completion since the last chunk; `end` with the last one. */
export interface Progress {
  readonly delta?: GenerationDelta | undefined;
  readonly end?: GenerationEnd | undefined;
}

/** The shape of an endpoint's answers, for one request: whole, or as the chunks of a stream. */
export interface AnswerForm {
  /** Computes what the answer needs beside the completions. */
  prepare(signal: AbortSignal): Promise<void>;
  /** Chunks before any token of the completion. */
  opening(index: number): readonly object[];
  /** Chunks of the progress of a completion, in order. */
  chunks(index: number, progress: Progress): readonly object[];
  /** The last chunk, where the client asked for it. */
  usageChunk(ends: readonly GenerationEnd[]): object;
  whole(completions: readonly Collected[]): object;
}

export const joined = (a: GenerationDelta | undefined, b: GenerationDelta): GenerationDelta =>
  a === undefined ? b : { tokens: [...a.tokens, ...b.tokens], text: a.text + b.text };

/** OpenAI's word: an end token and a stop string are both a stop. */
export const finishReason = ({ finishReason: reason }: GenerationEnd): 'stop' | 'length' =>
  reason === 'length' ? 'length' : 'stop';
