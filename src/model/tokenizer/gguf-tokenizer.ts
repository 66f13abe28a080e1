import { z } from 'zod';
import { InputError } from '../../errors.ts';
import { checkForm } from '../../io/read-json.ts';
import type { GgufFile } from '../files/gguf.ts';

/**
 * A tokenizer.json made from GGUF metadata, for byte-level BPE ("gpt2" to llama.cpp). GGUF names the way that text is
 * split before BPE (`tokenizer.ggml.pre`) without spelling it out, so only the ways known here can be read.
 */

const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true };

/** Steps before BPE by llama.cpp's name for them. */
export const preTokenizers: Readonly<Record<string, object>> = {
  'gpt-2': byteLevel,
  smollm: { type: 'Sequence', pretokenizers: [{ type: 'Digits', individual_digits: true }, byteLevel] },
};

/** llama.cpp's token types: control tokens are special; user-defined ones match before BPE but are text. */
export const CONTROL = 3;
export const USER_DEFINED = 4;

const id = z.int().nonnegative().optional();
const metadataSchema = z.looseObject({
  'tokenizer.ggml.model': z.string(),
  'tokenizer.ggml.pre': z.string().default('gpt-2'),
  'tokenizer.ggml.tokens': z.array(z.string()),
  'tokenizer.ggml.merges': z.array(z.string()).default([]),
  'tokenizer.ggml.token_type': z.array(z.number()).default([]),
  'tokenizer.ggml.bos_token_id': id,
  'tokenizer.ggml.eos_token_id': id,
  'tokenizer.ggml.unknown_token_id': id,
  'tokenizer.ggml.padding_token_id': id,
  'tokenizer.ggml.add_bos_token': z.boolean().default(false),
  'tokenizer.chat_template': z.string().optional(),
});

type TokenizerMetadata = z.output<typeof metadataSchema>;

/**
 * Makes tokenizer.json and tokenizer_config.json from a GGUF file's metadata.
 * @throws InputError when the file holds no tokenizer, or one that is not byte-level BPE with a known way of splitting.
 */
export function ggufTokenizerFiles(
  file: GgufFile,
): Record<'tokenizer.json' | 'tokenizer_config.json', string> {
  const metadata = checkForm(
    file.metadata,
    metadataSchema,
    `${file.path} (no tokenizer.json beside it; metadata)`,
  );
  const pre = metadata['tokenizer.ggml.pre'];
  const kind = metadata['tokenizer.ggml.model'];
  if (kind !== 'gpt2' || !Object.hasOwn(preTokenizers, pre) || metadata['tokenizer.ggml.add_bos_token']) {
    const bos = metadata['tokenizer.ggml.add_bos_token'] ? ' with a leading BOS' : '';
    throw new InputError(
      `${file.path}: can't rebuild its tokenizer (model "${kind}", pre "${pre}"${bos}); put the model's tokenizer.json beside it`,
    );
  }
  return {
    'tokenizer.json': JSON.stringify(tokenizerJson(metadata, preTokenizers[pre]!)),
    'tokenizer_config.json': JSON.stringify(tokenizerConfig(metadata), null, 2),
  };
}

function tokenizerJson(metadata: TokenizerMetadata, preTokenizer: object): object {
  const tokens = metadata['tokenizer.ggml.tokens'];
  const types = metadata['tokenizer.ggml.token_type'];
  const added = tokens
    .map((content, index) => ({ id: index, content, type: types[index] }))
    .filter(({ type }) => type === CONTROL || type === USER_DEFINED);
  const plain = { single_word: false, lstrip: false, rstrip: false, normalized: false };
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: added.map(({ id, content, type }) => ({
      id,
      content,
      ...plain,
      special: type === CONTROL,
    })),
    normalizer: null,
    pre_tokenizer: preTokenizer,
    post_processor: null,
    decoder: { ...byteLevel, add_prefix_space: true },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: Object.fromEntries(tokens.map((token, index) => [token, index])),
      merges: metadata['tokenizer.ggml.merges'],
    },
  };
}

function tokenizerConfig(metadata: TokenizerMetadata): object {
  const token = (key: 'bos' | 'eos' | 'unknown' | 'padding') => {
    const index = metadata[`tokenizer.ggml.${key}_token_id`];
    return index === undefined ? undefined : metadata['tokenizer.ggml.tokens'][index];
  };
  return {
    tokenizer_class: 'PreTrainedTokenizerFast',
    clean_up_tokenization_spaces: false,
    bos_token: token('bos'),
    eos_token: token('eos'),
    unk_token: token('unknown'),
    pad_token: token('padding'),
    chat_template: metadata['tokenizer.chat_template'],
  };
}
