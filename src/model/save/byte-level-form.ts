import { type ByteLevelKind, byteLevelKinds } from '../tokenizer/gguf/byte-level-kinds.ts';
import { sameStep } from './same-step.ts';
import type { TokenizerForm } from './tokenizer-form.ts';
import type { TokenizerJson } from './tokenizer-json.ts';

/** Finds llama.cpp's byte-level BPE that does what a tokenizer.json says. Returns why not when there is none. */
export function byteLevelForm(json: TokenizerJson): TokenizerForm | string {
  const { model, pre_tokenizer: step, normalizer } = json;
  if (step === null && normalizer === null && model.merges.length === 0) return letters(json);
  const does = ({ preTokenizer, normalizer: own, ignoreMerges }: ByteLevelKind) =>
    sameStep(step, preTokenizer) && sameStep(normalizer, own) && model.ignore_merges === ignoreMerges;
  const pre = Object.keys(byteLevelKinds).find((name) => does(byteLevelKinds[name]!));
  if (pre === undefined) {
    const known = Object.keys(byteLevelKinds).join(', ');
    return `llama.cpp has no name that is known here for its way of splitting text; known: ${known}`;
  }
  return {
    model: 'gpt2',
    pre,
    spell: (token) => token,
    merges: model.merges.map((merge) => [merge].flat().join(' ')),
  };
}

/** A vocabulary of single ASCII characters, where splitting makes no difference. */
function letters({ model, added_tokens: added }: TokenizerJson): TokenizerForm | string {
  const addedTokens = new Set(added.map(({ content }) => content));
  const strange = Object.keys(model.vocab).find(
    (token) => !addedTokens.has(token) && !(token.length === 1 && token < '\x80'),
  );
  if (strange !== undefined) {
    return `it does not split text into bytes, so that its tokens must be one ASCII character each, and it has ${JSON.stringify(strange)}`;
  }
  return { model: 'gpt2', pre: 'gpt-2', spell: byteLetter, merges: [] };
}

/** GPT-2's letter for an ASCII character: itself where it is printed, else one from U+0100 on. */
function byteLetter(character: string): string {
  const code = character.charCodeAt(0);
  if (code > 32 && code < 127) return character;
  return String.fromCharCode(code === 127 ? 0x121 : 0x100 + code);
}
