import { Tokenizer } from '@huggingface/tokenizers';
import { z } from 'zod';
import { InputError } from '../../errors.ts';
import { parseJson } from '../../io/read-json.ts';

/**
 * What is used of @huggingface/tokenizers, with its departures from the original mended. Its own declarations don't
 * resolve under TypeScript's Node rules, hence this interface.
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
    const core = new Tokenizer({ ...json, pre_tokenizer: mendPreTokenizer(json.pre_tokenizer) }, config);
    if (json.model.type === 'Unigram' && json.model.byte_fallback === true) addByteFallback(core.model);
    mendByteFallback(core.decoder);
    return core;
  } catch (error) {
    throw new InputError(
      `${where}: tokenizer.json is not supported: ${error instanceof Error ? error.message : error}`,
    );
  }
}

const stepSchema = z.looseObject({
  type: z.string(),
  pretokenizers: z.array(z.unknown()).optional(),
  individual_digits: z.boolean().optional(),
  use_regex: z.boolean().default(true),
  add_prefix_space: z.boolean().default(false),
  split: z.boolean().default(true),
});

/** GPT-2's pattern: contractions, words, numbers, symbols, each with the space before it, and runs of white space. */
const words = String.raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`;

/** A Metaspace step ends by splitting before each ▁; the library's does not. */
const atSpaces = { type: 'Split', pattern: { Regex: '▁[^▁]*|[^▁]+' }, behavior: 'Isolated', invert: true };

/**
 * Two steps split at JavaScript's \d and \s where the original splits at \p{N} and Unicode's white space (U+0085 is in
 * it, U+FEFF is not). The Split step gets both right, so it takes their place.
 */
function mendPreTokenizer(step: unknown): unknown {
  const { success, data } = stepSchema.safeParse(step);
  if (!success) return step;
  if (data.type === 'Sequence') return { ...data, pretokenizers: data.pretokenizers?.map(mendPreTokenizer) };
  if (data.type === 'Digits') return split(data.individual_digits ? '\\p{N}' : '\\p{N}+');
  if (data.type === 'Metaspace' && data.split) return { type: 'Sequence', pretokenizers: [data, atSpaces] };
  // With add_prefix_space the space must come before the splitting, which only the step itself can do.
  if (data.type !== 'ByteLevel' || !data.use_regex || data.add_prefix_space) return step;
  return { type: 'Sequence', pretokenizers: [split(words), { ...data, use_regex: false }] };
}

function split(Regex: string): object {
  return { type: 'Split', pattern: { Regex }, behavior: 'Isolated', invert: false };
}

/** What is used of the library's Unigram model. */
interface UnigramModel {
  /** The pieces of a text, one character each where the vocabulary has none. */
  tokenize(text: string): string[];
  readonly tokens_to_ids: ReadonlyMap<string, number>;
}

/**
 * The library has byte fallback in BPE alone. In Unigram, too, a run of characters that the vocabulary lacks is its
 * UTF-8 bytes, <0x0A>, where the vocabulary has all of them.
 */
function addByteFallback(model: UnigramModel): void {
  const pieces = model.tokenize.bind(model);
  const knows = (token: string) => model.tokens_to_ids.has(token);
  const inBytes = (run: string): string[] => {
    const bytes = [...Buffer.from(run)].map(
      (byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`,
    );
    return bytes.every(knows) ? bytes : [run];
  };
  model.tokenize = (text) => {
    const tokens: string[] = [];
    let run = '';
    for (const piece of pieces(text)) {
      if (!knows(piece)) {
        run += piece;
        continue;
      }
      if (run !== '') tokens.push(...inBytes(run));
      run = '';
      tokens.push(piece);
    }
    return run === '' ? tokens : [...tokens, ...inBytes(run)];
  };
}

/** What is used of the library's decoders; a sequence has them below it. */
interface Decoder {
  text_decoder?: { decode(bytes: Uint8Array): string };
  /** Of the byte-level decoder, which decodes as the original does. */
  readonly byte_decoder?: unknown;
  readonly decoders?: readonly Decoder[];
}

/**
 * A run of byte tokens is text if it is valid UTF-8, U+FEFF kept, and else one U+FFFD for each byte. The library drops
 * U+FEFF and decodes what it can.
 */
function mendByteFallback(decoder: Decoder | null): void {
  if (decoder?.text_decoder !== undefined && decoder.byte_decoder === undefined) {
    decoder.text_decoder = { decode: decodeRun };
  }
  for (const each of decoder?.decoders ?? []) mendByteFallback(each);
}

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function decodeRun(bytes: Uint8Array): string {
  try {
    return strict.decode(bytes);
  } catch {
    return '\ufffd'.repeat(bytes.length);
  }
}

/**
 * Text of ids, spaces as they are. The library refuses an empty list and fails on ids without a token: they give
 * nothing.
 */
export function decodeIds(core: TokenizerCore, ids: readonly number[], skipSpecialTokens: boolean): string {
  const known = ids.filter((id) => core.id_to_token(id) !== undefined);
  if (known.length === 0) return '';
  return core.decode(known, { skip_special_tokens: skipSpecialTokens, clean_up_tokenization_spaces: false });
}
