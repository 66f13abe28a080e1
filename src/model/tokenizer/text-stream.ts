import type { StreamStep } from './stream-steps.ts';

/** The text of ids that come one by one. All that `push` gave and then `rest()` is what decoding the ids gives. */
export interface TextStream {
  /** Takes one more id. Gives the text that is settled by it: whatever follows, it stays. */
  push(id: number): string;
  /** The text after what is settled: of bytes that may yet become another character. */
  rest(): string;
}

/** A stream over a decoder's steps. `tokenOf` gives the token of an id; undefined for one that shows nothing. */
export function streamBySteps(
  steps: readonly StreamStep[],
  tokenOf: (id: number) => string | undefined,
): TextStream {
  return {
    push(id) {
      const token = tokenOf(id);
      if (token === undefined) return '';
      let pieces: readonly string[] = [token];
      for (const step of steps) pieces = pieces.flatMap((piece) => step.take(piece));
      return pieces.join('');
    },
    rest() {
      let pieces: readonly string[] = [];
      for (const step of steps) pieces = step.end(pieces);
      return pieces.join('');
    },
  };
}

/** A stream that settles nothing, for decoders that look back over the whole text: it decodes all ids each time. */
export function streamByDecoding(decode: (ids: readonly number[]) => string): TextStream {
  const ids: number[] = [];
  return {
    push(id) {
      ids.push(id);
      return '';
    },
    rest: () => decode(ids),
  };
}
