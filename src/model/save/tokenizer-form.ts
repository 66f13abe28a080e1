/** A tokenizer as llama.cpp has it. */
export interface TokenizerForm {
  /** llama.cpp's name for the kind, and for the way of splitting before BPE. */
  readonly model: 'gpt2' | 'llama';
  readonly pre: string;
  /** A token as llama.cpp spells it, and its type where that is no common one. */
  readonly spell: (token: string) => string;
  readonly typeOf?: (token: string) => number | undefined;
  /** "left right" in the order of their ranks. */
  readonly merges?: readonly string[];
  /** What ranks a token among those that could be joined, by token. */
  readonly scores?: ReadonlyMap<string, number>;
  /** Whether a text gets a space before it. */
  readonly addSpacePrefix?: boolean;
}
