import { InputError } from '../../errors.ts';
import { preTokenizers } from '../tokenizer/gguf-tokenizer.ts';
import type { TokenizerJson } from './tokenizer-json.ts';

/** A tokenizer as llama.cpp's byte-level BPE ("gpt2"). */
export interface ByteLevelForm {
  /** llama.cpp's name for the way of splitting before BPE. */
  readonly pre: string;
  /** A token in the letters that stand for bytes. */
  readonly spell: (token: string) => string;
  /** "left right" in the order of their ranks. */
  readonly merges: readonly string[];
}

/**
 * Finds how llama.cpp would do what a tokenizer.json says.
 * @throws InputError when it can't: BPE not over bytes, or a way of splitting that has no name here.
 */
export function byteLevelForm(json: TokenizerJson, where: string): ByteLevelForm {
  const { model, pre_tokenizer: step } = json;
  if (step === null && json.normalizer === null && model.merges.length === 0) return letters(json, where);
  const pre = Object.keys(preTokenizers).find((name) => sameStep(step, preTokenizers[name]));
  if (pre === undefined || json.normalizer !== null || model.byte_fallback || model.ignore_merges) {
    throw new InputError(
      `${where}: can't be written as GGUF, because llama.cpp has no name that is known here for its way of splitting text; known: ${Object.keys(preTokenizers).join(', ')}`,
    );
  }
  return { pre, spell: (token) => token, merges: model.merges.map((merge) => [merge].flat().join(' ')) };
}

/** A vocabulary of single ASCII characters, where splitting makes no difference. */
function letters({ model, added_tokens: added }: TokenizerJson, where: string): ByteLevelForm {
  const addedIds = new Set(added.map(({ id }) => id));
  const strange = Object.entries(model.vocab).find(
    ([token, id]) => !addedIds.has(id) && !/^[\0-\x7f]$/.test(token),
  );
  if (strange !== undefined) {
    throw new InputError(
      `${where}: can't be written as GGUF: without splitting into bytes only tokens of one ASCII character can be, and it has ${JSON.stringify(strange[0])}`,
    );
  }
  return {
    pre: 'gpt-2',
    spell: (token) => (addedIds.has(model.vocab[token]!) ? token : byteLetter(token)),
    merges: [],
  };
}

/** GPT-2's letter for an ASCII character: itself where it is printed, else one from U+0100 on. */
function byteLetter(character: string): string {
  const code = character.charCodeAt(0);
  if (code > 32 && code < 127) return character;
  return String.fromCharCode(code === 127 ? 0x121 : 0x100 + code);
}

/** Whether two steps do the same. What concerns offsets alone is left out. */
function sameStep(a: unknown, b: unknown): boolean {
  return JSON.stringify(canonical(a)) === JSON.stringify(canonical(b));
}

function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([key]) => key !== 'trim_offsets');
  return Object.fromEntries(
    entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, part]) => [key, canonical(part)]),
  );
}
