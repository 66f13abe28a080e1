import type { TokenizerMetadata } from './metadata.ts';
import { CONTROL, UNUSED, USER_DEFINED } from './token-types.ts';

/** A token that matches before the model cuts a text, as tokenizer.json has it. */
export interface AddedToken {
  readonly id: number;
  readonly content: string;
  readonly single_word: false;
  readonly lstrip: false;
  /** Whether it takes the white space after it. */
  readonly rstrip: boolean;
  readonly normalized: false;
  readonly special: boolean;
}

/** The tokens of the types that match before the model: control and user-defined ones, and those of `also`. */
export function addedTokens(
  { tokens, types }: Pick<TokenizerMetadata, 'tokens' | 'types'>,
  also: readonly number[] = [],
): AddedToken[] {
  const special = [CONTROL, ...also];
  return tokens.flatMap((content, id) => {
    const type = types[id]!;
    if (type !== USER_DEFINED && !special.includes(type)) return [];
    const plain = { single_word: false, lstrip: false, rstrip: false, normalized: false } as const;
    return [{ id, content, ...plain, special: special.includes(type) }];
  });
}

/** Ids by token, without the placeholders that llama.cpp's converter puts where a vocabulary has no token. */
export function vocabulary({
  tokens,
  types,
}: Pick<TokenizerMetadata, 'tokens' | 'types'>): Map<string, number> {
  const ids = new Map<string, number>();
  for (const [id, token] of tokens.entries()) {
    const placeholder = types[id] === UNUSED && /^\[PAD\d+\]$/.test(token);
    if (!placeholder) ids.set(token, id);
  }
  return ids;
}
