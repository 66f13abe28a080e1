/** The parts of a tokenizer.json that differ from kind to kind. */
export interface TokenizerKind {
  readonly normalizer: object | null;
  readonly pre_tokenizer: object | null;
  readonly decoder: object;
  readonly model: object;
  readonly added_tokens: readonly object[];
  /** Whether a text starts with BOS, and ends with EOS, where the file does not say. */
  readonly addsBos: boolean;
  readonly addsEos: boolean;
}
