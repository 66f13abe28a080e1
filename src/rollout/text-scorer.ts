import type { Sequences } from '../model/packed-rows.ts';
import { type EncodeOptions, encodeTexts } from './encode-example.ts';
import type { SampleRequest } from './sampler.ts';

/** Texts that might follow a prompt. */
export interface ScoreRequest extends SampleRequest {
  readonly texts: readonly string[];
}

export interface ScoreOptions {
  /** Longer prompts lose their oldest turns. */
  readonly maxPromptLength: number;
  /** Whether the tokens that end a turn follow each text and are scored with it. */
  readonly ended: boolean;
  /** Texts that are forwarded at once: memory, not results. */
  readonly size: number;
  /** Aborting it ends the scoring before the next texts. */
  readonly signal?: AbortSignal | undefined;
}

/** What says how likely given texts are. */
export interface TextScorer {
  /**
   * The log-prob (nats, temperature 1) of each token of each text after its prompt, [P][G][T].
   * @throws InputError as `encodeTexts` does; the signal's reason when that is aborted.
   */
  scoreTexts(
    requests: readonly ScoreRequest[],
    options: ScoreOptions,
  ): Promise<readonly (readonly (readonly number[])[])[]>;
}

/** Requests as token ids. @throws InputError as `encodeTexts` does. */
export function scoredSequences(
  requests: readonly ScoreRequest[],
  { maxPromptLength, ended }: ScoreOptions,
  model: Pick<EncodeOptions, 'tokenizer' | 'endIds' | 'positions'>,
): Sequences[] {
  return requests.map((request) => {
    const { promptIds: prompt, completions } = encodeTexts(request, { ...model, maxPromptLength, ended });
    return { prompt, completions };
  });
}
