import { InputError } from '../errors.ts';
import { checkPositions } from '../model/check-positions.ts';
import type { Tokenizer } from '../model/tokenizer/tokenizer.ts';
import type { SampleRequest } from './sampler.ts';
import { type SeenPrompt, seenPrompt } from './seen-prompt.ts';

export interface EncodeOptions {
  readonly tokenizer: Tokenizer;
  /** The tokens that end an assistant's turn; none for a model without any. */
  readonly endIds: readonly number[];
  /** Longer prompts lose their oldest turns. */
  readonly maxPromptLength: number;
  /** Positions that the model has. */
  readonly positions: number;
}

/**
 * A prompt and the text taught after it as token ids; the text is followed by the tokens that end a turn.
 * @throws InputError for a target or prompt without tokens, both longer than the model has positions, or a model
 * without an end token.
 */
export function encodeExample<E extends SampleRequest & { readonly target: string }>(
  example: E,
  options: EncodeOptions,
): E & SeenPrompt & { readonly tokenIds: readonly number[] } {
  const texts = [example.target];
  const { completions, ...prompt } = encodeTexts({ ...example, texts }, { ...options, ended: true });
  return { ...example, ...prompt, tokenIds: completions[0]! };
}

/**
 * A prompt and texts that might follow it as token ids; if `ended` each is followed by the tokens that end a turn.
 * @throws InputError as `encodeExample` does.
 */
export function encodeTexts(
  { texts, ...request }: SampleRequest & { readonly texts: readonly string[] },
  { tokenizer, endIds, maxPromptLength, positions, ended }: EncodeOptions & { readonly ended: boolean },
): SeenPrompt & { readonly completions: readonly (readonly number[])[] } {
  const { task } = request;
  if (ended && endIds.length === 0) throw new InputError('the model has no end-of-text token to teach');
  const completions = texts.map((text) => {
    const ids = tokenizer.encode(text, { addSpecialTokens: false });
    if (ids.length === 0)
      throw new InputError(`task ${task.id}: its target ${JSON.stringify(text)} has no tokens`);
    return ended ? [...ids, ...endIds] : ids;
  });
  const prompt = seenPrompt(request, { tokenizer, maxPromptLength });
  const { length } = prompt.promptIds;
  checkPositions(`the prompt of task ${task.id}`, length, positions);
  for (const ids of completions)
    checkPositions(`task ${task.id}, its prompt and target together,`, length + ids.length, positions);
  return { ...prompt, completions };
}
