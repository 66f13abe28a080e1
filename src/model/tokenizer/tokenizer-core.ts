import { Tokenizer } from '@huggingface/tokenizers';
import { z } from 'zod';
import { InputError } from '../../errors.ts';
import { parseJson } from '../../io/read-json.ts';
import { quoted, shown } from '../../io/text/shown.ts';
import { addedTokens } from './config-tokens.ts';
import { mendEncodeText } from './encode-text.ts';
import { mendDecoder, mendPreTokenizer } from './mend-steps.ts';
import { bytesByDecoder, type StreamStep, streamSteps } from './stream-steps.ts';
import { streamByDecoding, streamBySteps, type TextStream } from './text-stream.ts';
import { addByteFallback } from './unigram-bytes.ts';

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
  /** The text of ids that come one by one, as `decodeIds` has it. */
  stream(skipSpecialTokens: boolean): TextStream;
  /** The bytes that a token stands for; undefined where they are those of its text. */
  bytesOf(id: number): readonly number[] | undefined;
}

/** The library keeps a list as long as the highest id. */
const MAX_ID = 2 ** 24;
const tokenizerSchema = z.looseObject({
  model: z.looseObject({}),
  added_tokens: z.array(z.looseObject({ id: z.int().min(0).max(MAX_ID), content: z.string() })),
  pre_tokenizer: z.unknown(),
  decoder: z.unknown(),
});

/**
 * Opens a tokenizer.json with what its tokenizer_config.json says, and the special tokens that a model names.
 * @throws InputError naming `where` when the JSON is malformed or asks for a step that is not supported.
 */
export function openTokenizerCore(
  text: string,
  { config, special }: { readonly config: object; readonly special: readonly string[] },
  where: string,
): TokenizerCore {
  const json = parseJson(text, tokenizerSchema, `${where}: tokenizer.json`);
  checkVocabulary(json.model.vocab, where);
  try {
    const spec = {
      ...json,
      pre_tokenizer: withUnicodeDigits(json.pre_tokenizer),
      added_tokens: addedTokens(json.added_tokens, config, special, (token) => idIn(json.model.vocab, token)),
    };
    // What tokenizer_config.json says of cleaning, spaces and cases is not tokenizers' doing.
    const core = new Tokenizer(spec, {});
    mendPreTokenizer(core.pre_tokenizer, spec.pre_tokenizer);
    mendDecoder(core.decoder, spec.decoder);
    mendEncodeText(core);
    if (json.model.type === 'Unigram' && json.model.byte_fallback === true) addByteFallback(core.model);
    const added = new Set<string>(core.added_tokens.map(({ content }: { content: string }) => content));
    // A suffix of words is cut from the whole text at its end.
    const steps = () =>
      core.decoder?.end_of_word_suffix ? undefined : streamSteps(core.decoder, spec.decoder, added);
    return guarded(core, where, { steps, bytesOf: bytesByDecoder(core.decoder, spec.decoder, added) });
  } catch (error) {
    throw unsupported(where, error);
  }
}

/** BPE has ids by token; Unigram has a list of tokens with scores. */
function checkVocabulary(vocabulary: unknown, where: string): void {
  if (typeof vocabulary !== 'object' || vocabulary === null || Array.isArray(vocabulary)) return;
  for (const [token, id] of Object.entries(vocabulary as Record<string, unknown>)) {
    if (Number.isInteger(id) && (id as number) >= 0 && (id as number) <= MAX_ID) continue;
    throw new InputError(
      `${where}: tokenizer.json: the id of ${quoted(token)} must be a whole number up to ${MAX_ID} (got ${shown(JSON.stringify(id))})`,
    );
  }
}

/** The id of a token in the vocabulary of a tokenizer.json: a record, or Unigram's list of pieces. */
function idIn(vocab: unknown, token: string): number | undefined {
  if (Array.isArray(vocab)) {
    const at = vocab.findIndex((piece) => Array.isArray(piece) && piece[0] === token);
    return at < 0 ? undefined : at;
  }
  if (typeof vocab !== 'object' || vocab === null || !Object.hasOwn(vocab, token)) return undefined;
  return (vocab as Record<string, number>)[token];
}

/** The library finds some faults of a tokenizer.json when it is used, as errors of its own code. */
function guarded(
  core: Omit<TokenizerCore, 'stream' | 'bytesOf'> & { readonly special_tokens: readonly string[] },
  where: string,
  {
    steps,
    bytesOf,
  }: {
    readonly steps: () => readonly StreamStep[] | undefined;
    readonly bytesOf: (token: string) => readonly number[] | undefined;
  },
): TokenizerCore {
  const guard =
    <A extends unknown[], R>(use: (...args: A) => R) =>
    (...args: A): R => {
      try {
        return use(...args);
      } catch (error) {
        throw unsupported(where, error);
      }
    };
  const safe = {
    encode: guard<Parameters<TokenizerCore['encode']>, ReturnType<TokenizerCore['encode']>>((...args) =>
      core.encode(...args),
    ),
    decode: guard<Parameters<TokenizerCore['decode']>, string>((...args) => core.decode(...args)),
    token_to_id: (token: string) => core.token_to_id(token),
    id_to_token: (id: number) => core.id_to_token(id),
    get_vocab: () => core.get_vocab(),
    bytesOf: (id: number) => {
      const token = core.id_to_token(id);
      return token === undefined ? [] : bytesOf(token);
    },
    stream: (skipSpecialTokens: boolean) => {
      const own = steps();
      if (own === undefined) return streamByDecoding((ids) => decodeIds(safe, ids, skipSpecialTokens));
      const special = new Set(skipSpecialTokens ? core.special_tokens : []);
      return streamBySteps(own, (id) => {
        const token = core.id_to_token(id);
        return token === undefined || special.has(token) ? undefined : token;
      });
    },
  };
  safe.decode([...core.get_vocab().values()].slice(0, 1), {
    skip_special_tokens: false,
    clean_up_tokenization_spaces: false,
  });
  safe.encode('a 1', { add_special_tokens: true });
  return safe;
}

function unsupported(where: string, error: unknown): InputError {
  if (error instanceof InputError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new InputError(`${where}: tokenizer.json is not supported: ${shown(message)}`);
}

const stepSchema = z.looseObject({
  type: z.string(),
  pretokenizers: z.array(z.unknown()).optional(),
  individual_digits: z.boolean().optional(),
});

/** `Digits` splits at JavaScript's \d where the original splits at \p{N}: a Split step takes its place. */
function withUnicodeDigits(step: unknown): unknown {
  const { success, data } = stepSchema.safeParse(step);
  if (!success) return step;
  if (data.type === 'Sequence') return { ...data, pretokenizers: data.pretokenizers?.map(withUnicodeDigits) };
  if (data.type !== 'Digits') return step;
  const Regex = data.individual_digits ? '\\p{N}' : '\\p{N}+';
  return { type: 'Split', pattern: { Regex }, behavior: 'Isolated', invert: false };
}

/**
 * Text of ids, spaces as they are. The library refuses an empty list and fails on ids without a token: they give
 * nothing.
 */
export function decodeIds(
  core: Pick<TokenizerCore, 'decode' | 'id_to_token'>,
  ids: readonly number[],
  skipSpecialTokens: boolean,
): string {
  const known = ids.filter((id) => core.id_to_token(id) !== undefined);
  if (known.length === 0) return '';
  return core.decode(known, { skip_special_tokens: skipSpecialTokens, clean_up_tokenization_spaces: false });
}
