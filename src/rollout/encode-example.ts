import { InputError } from '../errors.ts';
import { checkPositions } from '../model/check-positions.ts';
import type { Tokenizer } from '../model/tokenizer/tokenizer.ts';
import type { Message, Task } from '../types.ts';
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
export function encodeExample<
  E extends { readonly task: Task; readonly messages: readonly Message[]; readonly target: string },
>(
  example: E,
  { tokenizer, endIds, maxPromptLength, positions }: EncodeOptions,
): E & SeenPrompt & { readonly tokenIds: readonly number[] } {
  const { task, target } = example;
  if (endIds.length === 0) throw new InputError('the model has no end-of-text token to teach');
  const ids = tokenizer.encode(target, { addSpecialTokens: false });
  if (ids.length === 0)
    throw new InputError(`task ${task.id}: its target ${JSON.stringify(target)} has no tokens`);
  const tokenIds = [...ids, ...endIds];
  const prompt = seenPrompt(example, { tokenizer, maxPromptLength });
  const { promptIds } = prompt;
  checkPositions(`the prompt of task ${task.id}`, promptIds.length, positions);
  checkPositions(
    `task ${task.id}, its prompt and target together,`,
    promptIds.length + tokenIds.length,
    positions,
  );
  return { ...example, ...prompt, tokenIds };
}
