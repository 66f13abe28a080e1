import { InputError } from '../../../errors.ts';
import type { TokenizerMetadata } from './metadata.ts';
import { UNKNOWN } from './token-types.ts';
import type { TokenizerKind } from './tokenizer-kind.ts';
import { addedTokens } from './vocabulary.ts';

const BYTE = 6;

/**
 * SentencePiece's Unigram, "t5" to llama.cpp: a text is cut into the tokens whose scores add up to the most.
 * @throws InputError when it has no scores or no unknown token, or rewrites texts by a table of its own.
 */
export function unigramJson(metadata: TokenizerMetadata): TokenizerKind {
  const { tokens, types, scores, where, special, addSpacePrefix = true } = metadata;
  const unknown = special.unknown === undefined ? -1 : tokens.indexOf(special.unknown);
  const broken = refusal(metadata, unknown);
  if (broken !== undefined) {
    throw new InputError(
      `${where}: can't rebuild its tokenizer: ${broken}; put the model's tokenizer.json beside it`,
    );
  }
  const metaspace = {
    type: 'Metaspace',
    replacement: '▁',
    prepend_scheme: addSpacePrefix ? 'always' : 'never',
    split: true,
  };
  const bytes = types.includes(BYTE);
  return {
    added_tokens: addedTokens(metadata, [UNKNOWN]),
    normalizer: null,
    pre_tokenizer: metaspace,
    decoder: bytes ? { type: 'Sequence', decoders: [{ type: 'ByteFallback' }, metaspace] } : metaspace,
    model: {
      type: 'Unigram',
      unk_id: unknown,
      vocab: tokens.map((token, id) => [token, scores[id]!]),
      byte_fallback: bytes,
    },
    addsBos: false,
    addsEos: true,
  };
}

function refusal({ scores, hasCharacterMap }: TokenizerMetadata, unknown: number): string | undefined {
  if (scores.length === 0) return 'it has no scores';
  if (unknown < 0) return 'it has no unknown_token_id';
  return hasCharacterMap ? 'it rewrites texts by a table (precompiled_charsmap)' : undefined;
}
