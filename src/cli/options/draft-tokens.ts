import { InputError } from '../../errors.ts';

/** Checks `--draft-tokens`. @throws InputError without a draft, or for no whole number from 1. */
export function checkDraftTokens({
  draft,
  draftTokens,
}: {
  readonly draft?: string;
  readonly draftTokens?: number;
}): void {
  if (draftTokens === undefined) return;
  if (draft === undefined) throw new InputError('--draft-tokens is for a draft: give --draft too');
  if (!Number.isInteger(draftTokens) || draftTokens < 1)
    throw new InputError(`--draft-tokens takes a whole number from 1 (got ${draftTokens})`);
}
