import { InputError } from '../errors.ts';

/**
 * Makes sure that a text of so many tokens is one that the model can place.
 * @throws InputError for a text without tokens, or with more than the model has positions; `what` names it.
 */
export function checkPositions(what: string, tokens: number, positions: number): void {
  if (tokens === 0) throw new InputError(`${what} has no tokens: there is nothing to continue`);
  if (tokens <= positions) return;
  throw new InputError(
    `${what} has ${tokens} tokens; the model has ${positions} positions: shorten it, or give a lower maxPromptLength`,
  );
}
