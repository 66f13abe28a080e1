import { InputError } from '../errors.ts';

/**
 * Checks that a text has at least one token, and no more tokens than the model has positions.
 * @throws InputError if it has not. `what` names the text in the message.
 */
export function checkPositions(what: string, tokens: number, positions: number): void {
  if (tokens === 0) throw new InputError(`${what} has no tokens: there is nothing to continue`);
  if (tokens <= positions) return;
  throw new InputError(
    `${what} has ${tokens} tokens; the model has ${positions} positions: shorten it, or give a lower maxPromptLength`,
  );
}
