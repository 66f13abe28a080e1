import { Tokenizer } from '@huggingface/tokenizers';
import { z } from 'zod';
import { InputError } from '../errors.ts';
import { parseJson } from './read-json.ts';

/**
 * What is used of @huggingface/tokenizers, with its departures from the original mended. Its own declarations don't resolve
 * under TypeScript's Node rules, hence this interface.
 */
export interface TokenizerCore {
  /** An id is undefined where the vocabulary lacks the token. */
  encode(
    text: string,
    options: { readonly add_special_tokens: boolean },
  ): { readonly ids: (number | undefined)[]; readonly tokens: string[] };
  decode(
    ids: readonly number[],
    options: { readonly skip_special_tokens: boolean; readonly clean_up_tokenization_spaces: boolean },
  ): string;
  token_to_id(token: string): number | undefined;
  id_to_token(id: number): string | undefined;
  get_vocab(): Map<string | undefined, number>;
}

const tokenizerSchema = z.looseObject({
  model: z.looseObject({}),
  added_tokens: z.array(z.looseObject({ id: z.int(), content: z.string() })),
  pre_tokenizer: z.unknown(),
});

/**
 * Opens a tokenizer.json with what its tokenizer_config.json says.
 * @throws InputError naming `where` when the JSON is malformed or asks for a step that is not supported.
 */
export function openTokenizerCore(text: string, config: object, where: string): TokenizerCore {
  const json = parseJson(text, tokenizerSchema, `${where}: tokenizer.json`);
  try {
    return new Tokenizer({ ...json, pre_tokenizer: widenDigits(json.pre_tokenizer) }, config);
  } catch (error) {
    throw new InputError(
      `${where}: tokenizer.json is not supported: ${error instanceof Error ? error.message : error}`,
    );
  }
}

/** The library's Digits step splits at \d only; the original splits at every numeric character, \p{N}. */
function widenDigits(step: unknown): unknown {
  if (typeof step !== 'object' || step === null || !('type' in step)) return step;
  if (step.type === 'Sequence' && 'pretokenizers' in step && Array.isArray(step.pretokenizers)) {
    return { ...step, pretokenizers: step.pretokenizers.map(widenDigits) };
  }
  if (step.type !== 'Digits') return step;
  const each = 'individual_digits' in step && step.individual_digits === true;
  const pattern = { Regex: each ? '\\p{N}' : '\\p{N}+' };
  return { type: 'Split', pattern, behavior: 'Isolated', invert: false };
}

/** Text of ids, spaces as they are. The library refuses an empty list and fails on ids without a token: they give nothing. */
export function decodeIds(core: TokenizerCore, ids: readonly number[], skipSpecialTokens: boolean): string {
  const known = ids.filter((id) => core.id_to_token(id) !== undefined);
  if (known.length === 0) return '';
  return core.decode(known, { skip_special_tokens: skipSpecialTokens, clean_up_tokenization_spaces: false });
}
