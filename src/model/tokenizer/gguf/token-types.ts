/** llama.cpp's types of tokens. */
/** Stands for what the vocabulary lacks. */
export const UNKNOWN = 2;
/** Matches before the tokenizer's model; special: left out of decoded text where special tokens are skipped. */
export const CONTROL = 3;
/** Matches before the tokenizer's model, but is text. */
export const USER_DEFINED = 4;
export const UNUSED = 5;
