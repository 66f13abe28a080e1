import { mergesOfScores } from '../tokenizer/gguf/merges-of-scores.ts';
import { UNKNOWN } from '../tokenizer/gguf/token-types.ts';
import { sameStep } from './same-step.ts';
import type { TokenizerForm } from './tokenizer-form.ts';
import type { TokenizerJson } from './tokenizer-json.ts';

/** llama.cpp's type of the tokens <0x00> to <0xFF>. */
const BYTE = 6;

const SPACE = '▁';
const replace = { type: 'Replace', pattern: { String: ' ' }, content: SPACE };
const inSequence = (...normalizers: object[]) => ({ type: 'Sequence', normalizers });
/** Steps of the tokenizer.json of Gemma's models, which split nothing: there is no space left. */
const splitSpaces = {
  type: 'Split',
  pattern: { String: ' ' },
  behavior: 'MergedWithPrevious',
  invert: false,
};

/**
 * Finds llama.cpp's SentencePiece BPE that does what a tokenizer.json says. Returns why not when there is none. It joins
 * any two tokens whose text is a token, the one with the best score first, so the merges must be all that there are.
 */
export function sentencePieceForm(json: TokenizerJson): TokenizerForm | string {
  const { normalizer, pre_tokenizer: step, model } = json;
  const prefixed = sameStep(normalizer, inSequence({ type: 'Prepend', prepend: SPACE }, replace));
  const plain = sameStep(normalizer, replace) || sameStep(normalizer, inSequence(replace));
  if (!(prefixed || plain) || !(step === null || sameStep(step, splitSpaces))) {
    return 'it changes or splits texts in a way that SentencePiece has not';
  }
  const merges = model.merges.map(pairOf);
  const scores = scoresOf(merges);
  const ids = new Map(Object.entries(model.vocab));
  const byId = new Map([...ids].map(([token, id]) => [id, token]));
  const implied = mergesOfScores(ids, (id) => scores.get(byId.get(id)!) ?? Number.NEGATIVE_INFINITY);
  if (!equalPairs(merges, implied)) {
    return 'its merges are not those that a SentencePiece vocabulary implies';
  }
  return {
    model: 'llama',
    pre: 'default',
    spell: (token) => token,
    typeOf: (token) =>
      token === model.unk_token ? UNKNOWN : /^<0x[\dA-F]{2}>$/.test(token) ? BYTE : undefined,
    scores,
    addSpacePrefix: prefixed,
  };
}

/** "a b" or ["a", "b"]. */
function pairOf(merge: TokenizerJson['model']['merges'][number]): readonly [string, string] {
  if (typeof merge !== 'string') return merge;
  const at = merge.indexOf(' ');
  return [merge.slice(0, at), merge.slice(at + 1)];
}

/** Each token's score: the earlier the first merge that makes it, the higher. */
function scoresOf(merges: readonly (readonly [string, string])[]): Map<string, number> {
  const scores = new Map<string, number>();
  for (const [left, right] of merges) {
    const token = left + right;
    if (!scores.has(token)) scores.set(token, -scores.size);
  }
  return scores;
}

const equalPairs = (a: readonly (readonly string[])[], b: readonly (readonly string[])[]): boolean =>
  a.length === b.length && a.every((pair, i) => pair[0] === b[i]![0] && pair[1] === b[i]![1]);
