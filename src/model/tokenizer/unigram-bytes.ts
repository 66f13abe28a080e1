/** What is used of the library's Unigram model. */
interface UnigramModel {
  /** The pieces of a text, one character each where the vocabulary has none. */
  tokenize(text: string): string[];
  readonly tokens_to_ids: ReadonlyMap<string, number>;
}

/**
 * The library has byte fallback in BPE alone. In Unigram, too, a run of characters that the vocabulary lacks is its
 * UTF-8 bytes, <0x0A>, where the vocabulary has all of them.
 */
export function addByteFallback(model: UnigramModel): void {
  const pieces = model.tokenize.bind(model);
  const knows = (token: string) => model.tokens_to_ids.has(token);
  const inBytes = (run: string): string[] => {
    const bytes = [...Buffer.from(run)].map(
      (byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`,
    );
    return bytes.every(knows) ? bytes : [run];
  };
  model.tokenize = (text) => {
    const tokens: string[] = [];
    let run = '';
    for (const piece of pieces(text)) {
      if (!knows(piece)) {
        run += piece;
        continue;
      }
      if (run !== '') tokens.push(...inBytes(run));
      run = '';
      tokens.push(piece);
    }
    return run === '' ? tokens : [...tokens, ...inBytes(run)];
  };
}
