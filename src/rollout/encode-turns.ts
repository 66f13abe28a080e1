import { InputError } from '../errors.ts';
import { checkPositions } from '../model/check-positions.ts';
import { taughtTurns } from '../model/tokenizer/taught-turns.ts';
import type { Message, Task } from '../types.ts';
import type { EncodeOptions } from './encode-example.ts';
import type { SeenPrompt } from './seen-prompt.ts';
import { seenPrompt } from './seen-prompt.ts';

/** A conversation of which every turn of the assistant is taught. */
export interface WrittenTurns {
  readonly task: Task;
  /** It ends with a turn of the assistant. */
  readonly conversation: readonly Message[];
}

/** Tokens up to the first that is taught, those from there on, and which of them are taught. */
export interface EncodedTurns extends SeenPrompt {
  readonly target: string;
  readonly tokenIds: readonly number[];
  readonly completionMask: readonly number[];
}

/**
 * The texts that teach all turns of the assistant, as `taughtTurns` makes them. A conversation whose prompt before the
 * last turn is too long loses its oldest turns, as any prompt does.
 * @throws InputError for a conversation without an assistant's turn at its end, or longer than the model has positions.
 */
export function encodeTurns(
  { task, conversation }: WrittenTurns,
  { tokenizer, maxPromptLength, positions }: EncodeOptions,
): EncodedTurns[] {
  const last = conversation.at(-1);
  if (last?.role !== 'assistant' || conversation.length < 2)
    throw new InputError(`task ${task.id}: a conversation to be taught ends with a turn of the assistant`);
  const prompt = seenPrompt({ task, messages: conversation.slice(0, -1) }, { tokenizer, maxPromptLength });
  return taughtTurns(tokenizer, [...prompt.messages, last]).map(({ ids, mask }) => {
    const first = mask.indexOf(1);
    const end = mask.lastIndexOf(1) + 1;
    checkPositions(`what is read before the first turn of task ${task.id}`, Math.max(0, first), positions);
    checkPositions(`the conversation of task ${task.id}`, end, positions);
    return {
      ...prompt,
      promptIds: ids.slice(0, first),
      target: last.content,
      tokenIds: ids.slice(first, end),
      completionMask: mask.slice(first, end),
    };
  });
}
