/**
 * GGUF names the way in which a byte-level BPE ("gpt2" to llama.cpp) cuts a text before its merges
 * (`tokenizer.ggml.pre`) without spelling it out. These are the steps that the tokenizer.json of such models has.
 */

export interface ByteLevelKind {
  readonly normalizer: object | null;
  readonly preTokenizer: object;
  /** Whether a piece that is a token as a whole stays whole, even where no merges lead to it. */
  readonly ignoreMerges: boolean;
  /** Whether a text starts with BOS where the file does not say. */
  readonly addsBos: boolean;
}

const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true };
const digits = { type: 'Digits', individual_digits: true };

/** Splits by a pattern, and does not split again while spelling the pieces in bytes. */
function splitBy(Regex: string): object {
  return {
    type: 'Sequence',
    pretokenizers: [
      { type: 'Split', pattern: { Regex }, behavior: 'Isolated', invert: false },
      { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false },
    ],
  };
}

const contractions = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
const tail = String.raw`| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`;
/** Words cut where capitals begin, as in OpenAI's o200k. */
const upper = String.raw`[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]`;
const lower = String.raw`[\p{Ll}\p{Lm}\p{Lo}\p{M}]`;
const cased = (end: string) => `${upper}*${lower}+${end}|${upper}+${lower}*${end}`;
const casedTail = String.raw`| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+`;

const plain = { normalizer: null, ignoreMerges: false, addsBos: false };
const llama3: ByteLevelKind = {
  normalizer: null,
  preTokenizer: splitBy(String.raw`${contractions}|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}${tail}`),
  ignoreMerges: true,
  addsBos: true,
};
const qwen2: ByteLevelKind = {
  ...plain,
  normalizer: { type: 'NFC' },
  preTokenizer: splitBy(String.raw`${contractions}|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}${tail}`),
};

/** The kinds by `tokenizer.ggml.pre`. */
export const byteLevelKinds: Readonly<Record<string, ByteLevelKind>> = {
  'gpt-2': { ...plain, preTokenizer: byteLevel },
  smollm: { ...plain, preTokenizer: { type: 'Sequence', pretokenizers: [digits, byteLevel] } },
  'llama-bpe': llama3,
  llama3,
  'llama-v3': llama3,
  qwen2,
  'deepseek-r1-qwen': qwen2,
  'gpt-4o': {
    ...plain,
    preTokenizer: splitBy(String.raw`${cased(`${contractions}?`)}|\p{N}{1,3}${casedTail}`),
  },
  tekken: {
    normalizer: null,
    preTokenizer: splitBy(String.raw`${cased('')}|\p{N}${casedTail}`),
    ignoreMerges: true,
    addsBos: true,
  },
};
