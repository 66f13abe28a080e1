import { lastSentence } from './closing-phrase.ts';
import { endsInDenial, isRefused } from './refused.ts';

/** Does an announced phrase refuse its number, with no number in the sentences behind it? */
export const phraseRefuses = (text: string, phrase: string): boolean =>
  isRefused(phrase) && !/\d/.test(behind(text, phrase));

/** Does the end of a text that announces nothing only bound a number, or deny it? */
export function endRefuses(text: string, closingPhrase: string | undefined): boolean {
  const sentence = lastSentence(text);
  return (
    (closingPhrase !== undefined && isRefused(closingPhrase)) || endsInDenial(sentence) || isRefused(sentence)
  );
}

/** The text behind the sentence that a phrase begins. */
function behind(text: string, phrase: string): string {
  const rest = text.slice(text.lastIndexOf(phrase) + phrase.length);
  const end = /[.!?](?=\s|$)|\n/.exec(rest);
  return end === null ? '' : rest.slice(end.index);
}
