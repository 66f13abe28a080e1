import type { ServedModel } from '../../model-service.ts';
import { badField } from '../errors/api-error.ts';

/** Characters of a token, beyond which a text is counted as too long without being encoded. */
const LONGEST_TOKEN = 64;

/** @throws ApiError for a text that is too long to be worth encoding. */
export function checkLength(text: string, { maxPositions, name }: ServedModel, param: string): void {
  if (text.length <= maxPositions * LONGEST_TOKEN) return;
  throw badField(
    param,
    `${name} reads at most ${maxPositions} tokens, and the prompt has ${text.length} characters: shorten it.`,
    'context_length_exceeded',
  );
}

/**
 * How many tokens may follow a prompt: `asked`, or all that have a position.
 * @throws ApiError when they don't fit.
 */
export function roomAfter(
  ids: readonly number[],
  asked: number | undefined,
  { model, param }: { readonly model: ServedModel; readonly param: string },
): number {
  const { maxPositions, name, vocabSize } = model;
  const high = ids.find((id) => id >= vocabSize);
  if (high !== undefined)
    throw badField(
      param,
      `Invalid '${param}': ${name} has the token ids 0 to ${vocabSize - 1}, but got ${high}.`,
    );
  if (ids.length === 0)
    throw badField(
      param,
      `Invalid '${param}': it gives no tokens: it is empty, or the tokenizer of ${name} has none for its characters.`,
      'empty_string',
    );
  const left = maxPositions - ids.length;
  const wanted = asked ?? Math.max(1, left);
  if (wanted <= left) return wanted;
  const total = asked === undefined ? '' : ` and ${asked} of the completion make ${ids.length + asked}`;
  throw badField(
    param,
    `This model's maximum context length is ${maxPositions} tokens: ${ids.length} of the prompt${total}. Shorten the prompt${asked === undefined ? '' : ' or ask for fewer tokens'}.`,
    'context_length_exceeded',
  );
}
