import { mergesOfScores } from './merges-of-scores.ts';
import type { TokenizerMetadata } from './metadata.ts';
import { UNKNOWN, USER_DEFINED } from './token-types.ts';
import type { TokenizerKind } from './tokenizer-kind.ts';
import { type AddedToken, addedTokens, vocabulary } from './vocabulary.ts';

/** Stands for a space in the tokens. */
const SPACE = '▁';

/**
 * SentencePiece's BPE with byte fallback, "llama" to llama.cpp: Llama 2, Mistral, Gemma, Phi-3. A text gets a space
 * before it unless the file says not to, and so does what follows a special token; that is SentencePiece's and
 * llama.cpp's habit, and that of the tokenizer.json of these models.
 */
export function sentencePieceJson(given: TokenizerMetadata): TokenizerKind {
  const metadata = { ...given, tokens: spelled(given) };
  const ids = vocabulary(metadata);
  const prefix = metadata.addSpacePrefix ?? true;
  const replace = (from: string, to: string) => ({ type: 'Replace', pattern: { String: from }, content: to });
  return {
    added_tokens: addedTokens(metadata, [UNKNOWN]).map((token) => ({
      ...token,
      rstrip: takesSpaces(metadata, token),
    })),
    normalizer: {
      type: 'Sequence',
      normalizers: [...(prefix ? [{ type: 'Prepend', prepend: SPACE }] : []), replace(' ', SPACE)],
    },
    pre_tokenizer: null,
    decoder: {
      type: 'Sequence',
      decoders: [
        replace(SPACE, ' '),
        { type: 'ByteFallback' },
        { type: 'Fuse' },
        ...(prefix ? [{ type: 'Strip', content: ' ', start: 1, stop: 0 }] : []),
      ],
    },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: metadata.special.unknown ?? null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: true,
      byte_fallback: true,
      ignore_merges: false,
      vocab: Object.fromEntries(ids),
      merges: metadata.merges ?? mergesOfScores(ids, scores(metadata)),
    },
    addsBos: true,
    addsEos: false,
  };
}

/** llama.cpp's converter writes user-defined tokens of spaces as spaces; the vocabulary has them in its own letter. */
function spelled({ tokens, types }: TokenizerMetadata): string[] {
  return tokens.map((token, id) =>
    types[id] === USER_DEFINED && /^ +$/.test(token) ? SPACE.repeat(token.length) : token,
  );
}

/**
 * What ranks a token's merges. Added tokens of Gemma have a score that the converter made up, so there, as in its
 * tokenizer.json, the place in the vocabulary ranks them.
 */
function scores({ scores, architecture }: TokenizerMetadata): (id: number) => number {
  return scores.length === 0 || architecture.startsWith('gemma') ? (id) => -id : (id) => scores[id]!;
}

/** Phi-3's special tokens take the white space after them, but for these. GGUF does not say so; llama.cpp knows it. */
const phi3Plain = ['<unk>', '<s>', '<|endoftext|>'];

function takesSpaces({ architecture }: TokenizerMetadata, { content, special }: AddedToken): boolean {
  return architecture === 'phi3' && (special || content === '</s>') && !phi3Plain.includes(content);
}
