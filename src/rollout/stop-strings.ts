import { InputError } from '../errors.ts';
import type { TextStream } from '../model/tokenizer/text-stream.ts';
import type { Tokenizer } from '../model/tokenizer/tokenizer.ts';
import type { StopWatch } from './session/decode-row.ts';

/** Tells where a completion's stop strings stand. */
export interface StopStrings {
  /** Begins to watch a completion. A token costs the same however long the text is. */
  watch(): StopWatch;
  /** The text before the first one, without special tokens; the whole text where there is none. */
  before(ids: readonly number[]): string;
  /** Whether one of them is looked for in the text without special tokens. */
  isPlain(text: string): boolean;
}

/**
 * Stop strings as text without special tokens shows them, or, where they hold special tokens themselves, as the whole
 * text does.
 */
export function stopStrings(tokenizer: Tokenizer, stop: readonly string[]): StopStrings {
  const textOf = (ids: readonly number[]) => tokenizer.decode(ids, { skipSpecialTokens: true });
  const wholeOf = (ids: readonly number[]) => tokenizer.decode(ids);
  const withSpecial = stop.filter((text) => holdsSpecial(tokenizer, text));
  const plain = stop.filter((text) => !withSpecial.includes(text));
  const cutWhole = (ids: readonly number[], at: number): string => {
    let kept = ids.length;
    while (wholeOf(ids.slice(0, kept)).length > at) kept--;
    const begun = wholeOf(ids).slice(wholeOf(ids.slice(0, kept)).length, at);
    return textOf(ids.slice(0, kept)) + begun;
  };
  return {
    isPlain: (text) => plain.includes(text),
    watch: () => {
      const watches = [
        ...(plain.length > 0 ? [watchFor(plain, tokenizer.stream({ skipSpecialTokens: true }))] : []),
        ...(withSpecial.length > 0 ? [watchFor(withSpecial, tokenizer.stream())] : []),
      ];
      return (id) => watches.map((watch) => watch(id)).includes(true);
    },
    before: (ids) => {
      const text = textOf(ids);
      const at = firstOf(withSpecial, wholeOf(ids));
      const cuts = [text.slice(0, firstOf(plain, text)), ...(at === undefined ? [] : [cutWhole(ids, at)])];
      return cuts.reduce((shortest, cut) => (cut.length < shortest.length ? cut : shortest));
    },
  };
}

/** Looks at what a token adds, and at as much before it as a string may begin in. */
function watchFor(strings: readonly string[], stream: TextStream): StopWatch {
  const overlap = Math.max(...strings.map(({ length }) => length)) - 1;
  let recent = '';
  return (id) => {
    const settled = recent + stream.push(id);
    recent = settled.slice(Math.max(0, settled.length - overlap));
    return firstOf(strings, settled + stream.rest()) !== undefined;
  };
}

function holdsSpecial(tokenizer: Tokenizer, text: string): boolean {
  try {
    const ids = tokenizer.encode(text, { addSpecialTokens: false });
    return tokenizer.decode(ids, { skipSpecialTokens: true }) !== tokenizer.decode(ids);
  } catch (error) {
    // A text that the vocabulary can't write holds none.
    if (error instanceof InputError) return false;
    throw error;
  }
}

/** Index of the first of some strings in a text. */
function firstOf(strings: readonly string[], text: string): number | undefined {
  const found = strings.map((each) => text.indexOf(each)).filter((at) => at >= 0);
  return found.length === 0 ? undefined : Math.min(...found);
}
