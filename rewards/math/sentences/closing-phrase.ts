/** What a text's last sentence says of a value: 'so we get 8x + 3', 'the area is 3√2'. */

const verb = /\b(?:is|are|be|gets?|equals?|have|has|obtain|find|gives?|simplif(?:y|ies) to)\s+/gi;
/** Characters of the last sentence that are looked at. */
const LONGEST = 120;

/** 3y = 4; words and calculations are for the scanners of running text. */
const equation = /^-?\d*[a-zA-Z](?:_\w)?\s?=(?!.*[a-zA-Z]{2})[^=$]+$/;

/** The words behind the last such verb, up to the end of the text; undefined where there is none. */
export function closingPhrase(text: string): string | undefined {
  const end = text.trimEnd().replace(/[.!]$/, '');
  const tail = end.slice(-LONGEST);
  const start = Math.max(tail.lastIndexOf('\n') + 1, (/[.!?]\s(?!.*[.!?]\s)/s.exec(tail)?.index ?? -1) + 1);
  const last = [...tail.slice(start).matchAll(verb)].at(-1);
  const phrase = last && tail.slice(start + last.index + last[0].length).trim();
  if (phrase === undefined || phrase === '') return undefined;
  return phrase.includes('=') && !equation.test(phrase) ? undefined : phrase;
}
