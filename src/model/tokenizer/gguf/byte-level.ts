import { InputError } from '../../../errors.ts';
import { type ByteLevelKind, byteLevelKinds } from './byte-level-kinds.ts';
import type { TokenizerMetadata } from './metadata.ts';
import type { TokenizerKind } from './tokenizer-kind.ts';
import { addedTokens, vocabulary } from './vocabulary.ts';

/**
 * Byte-level BPE, "gpt2" to llama.cpp: GPT-2, Llama 3, Qwen.
 * @throws InputError when the way of splitting is not known, or there are no merges.
 */
export function byteLevelJson(metadata: TokenizerMetadata): TokenizerKind {
  const kind = kindOf(metadata);
  return {
    added_tokens: addedTokens(metadata),
    normalizer: kind.normalizer,
    pre_tokenizer: kind.preTokenizer,
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: kind.ignoreMerges,
      vocab: Object.fromEntries(vocabulary(metadata)),
      merges: metadata.merges ?? [],
    },
    addsBos: kind.addsBos,
    addsEos: false,
  };
}

function kindOf({ pre = 'gpt-2', where }: TokenizerMetadata): ByteLevelKind {
  if (Object.hasOwn(byteLevelKinds, pre)) return byteLevelKinds[pre]!;
  throw new InputError(
    `${where}: can't rebuild its tokenizer, whose way of splitting is ${JSON.stringify(pre)}; known: ${Object.keys(byteLevelKinds).join(', ')}. Put the model's tokenizer.json beside it`,
  );
}
