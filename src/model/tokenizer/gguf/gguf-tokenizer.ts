import { InputError } from '../../../errors.ts';
import type { GgufFile } from '../../files/gguf.ts';
import { byteLevelJson } from './byte-level.ts';
import { type TokenizerMetadata, tokenizerMetadata } from './metadata.ts';
import { sentencePieceJson } from './sentencepiece.ts';
import type { TokenizerKind } from './tokenizer-kind.ts';
import { unigramJson } from './unigram.ts';

/** Kinds of tokenizer by llama.cpp's name, `tokenizer.ggml.model`. */
const kinds: Readonly<Record<string, (metadata: TokenizerMetadata) => TokenizerKind>> = {
  gpt2: byteLevelJson,
  llama: sentencePieceJson,
  t5: unigramJson,
};

/**
 * Makes tokenizer.json and tokenizer_config.json from a GGUF file's metadata: those that transformers would have for
 * such a vocabulary.
 * @throws InputError when the file holds no tokenizer, or one of a kind that is not known here.
 */
export function ggufTokenizerFiles(
  file: GgufFile,
): Record<'tokenizer.json' | 'tokenizer_config.json', string> {
  const metadata = tokenizerMetadata(file);
  if (!Object.hasOwn(kinds, metadata.model)) {
    throw new InputError(
      `${file.path}: can't rebuild its tokenizer of model ${JSON.stringify(metadata.model)}; supported: ${Object.keys(kinds).join(', ')}. Put the model's tokenizer.json beside it`,
    );
  }
  const { addsBos, addsEos, ...kind } = kinds[metadata.model]!(metadata);
  const ends = { bos: metadata.addBos ?? addsBos, eos: metadata.addEos ?? addsEos };
  const json = {
    version: '1.0',
    truncation: null,
    padding: null,
    ...kind,
    post_processor: postProcessor(metadata, ends),
  };
  return {
    'tokenizer.json': JSON.stringify(json),
    'tokenizer_config.json': JSON.stringify(tokenizerConfig(metadata), null, 2),
  };
}

/** Puts BOS before a text and EOS after it; null where it does neither. */
function postProcessor(
  { special, tokens, where }: TokenizerMetadata,
  ends: { readonly bos: boolean; readonly eos: boolean },
): object | null {
  const end = (name: 'bos' | 'eos') => {
    const token = special[name];
    if (token !== undefined) return token;
    throw new InputError(
      `${where}: its tokenizer adds ${name.toUpperCase()}, but it has no ${name}_token_id`,
    );
  };
  const before = ends.bos ? [end('bos')] : [];
  const after = ends.eos ? [end('eos')] : [];
  if (before.length + after.length === 0) return null;
  const mark = (id: string) => ({ SpecialToken: { id, type_id: 0 } });
  const text = (id: 'A' | 'B') => ({ Sequence: { id, type_id: 0 } });
  return {
    type: 'TemplateProcessing',
    single: [...before.map(mark), text('A'), ...after.map(mark)],
    pair: [
      ...before.map(mark),
      text('A'),
      ...after.map(mark),
      ...before.map(mark),
      text('B'),
      ...after.map(mark),
    ],
    special_tokens: Object.fromEntries(
      [...before, ...after].map((id) => [id, { id, ids: [tokens.indexOf(id)], tokens: [id] }]),
    ),
  };
}

function tokenizerConfig({ special, chatTemplate }: TokenizerMetadata): object {
  return {
    tokenizer_class: 'PreTrainedTokenizerFast',
    clean_up_tokenization_spaces: false,
    bos_token: special.bos,
    eos_token: special.eos,
    unk_token: special.unknown,
    pad_token: special.padding,
    chat_template: chatTemplate,
  };
}
