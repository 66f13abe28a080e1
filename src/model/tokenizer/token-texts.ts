import type { Tokenizer } from './tokenizer.ts';

/** What a decoder writes for bytes that are no whole character. */
const UNSETTLED = '\ufffd';

/**
 * The text that each token adds to those before it, [T]: joined they are the decoded text, special tokens included. A
 * character that is spread over several tokens is the last one's; the others have ''.
 */
export function tokenTexts({ decode }: Pick<Tokenizer, 'decode'>, ids: readonly number[]): string[] {
  // Tokens are decoded after their predecessor: alone, some decoders drop a space that begins a word.
  let [start, before] = [0, ''];
  return ids.map((id, i) => {
    const text = decode(ids.slice(start, i + 1));
    if (text.endsWith(UNSETTLED) && i < ids.length - 1) return '';
    const added = text.slice(before.length);
    [start, before] = [i, decode([id])];
    return added;
  });
}
