/** What a text's last sentence says of a value: 'so we get 8x + 3', 'the area is 3√2'. */

const verbs = String.raw`(?:is|are|be|gets?|equals?|have|has|obtain|find|gives?|simplif(?:y|ies) to)\s+`;
const verb = new RegExp(String.raw`\b${verbs}`, 'gi');
/** In a text without delimiters 'so x > 4' ends it as 'so we get x > 4' does. */
const verbOrSo = new RegExp(String.raw`\b(?:${verbs}|(?:so|thus|hence|therefore|solving)\b,?\s+)`, 'gi');
/** Characters of the last sentence that are looked at. */
const LONGEST = 120;

/** 3y = 4, f(x) = 4x, |x| = 4; words and calculations are for the scanners of running text. */
const equation = /^(?:-?\d*[a-zA-Z](?:_\w|\([a-z]\))?|\|[a-z]\|)\s?=(?!.*[a-zA-Z]{2})[^=$]+$/;

/** The words behind the last such verb, up to the end of the text; undefined where there is none. */
export function closingPhrase(text: string): string | undefined {
  const sentence = lastSentence(text);
  const last = [...sentence.matchAll(/\$|\\[([]/.test(text) ? verb : verbOrSo)].at(-1);
  const phrase = last && sentence.slice(last.index + last[0].length).trim();
  if (phrase === undefined || phrase === '') return undefined;
  return phrase.includes('=') && !equation.test(phrase) ? undefined : phrase;
}

/** The last sentence or line, without its full stop. */
export function lastSentence(text: string): string {
  const tail = text.trimEnd().replace(/[.!]$/, '').slice(-LONGEST);
  const start = Math.max(tail.lastIndexOf('\n'), ...[...tail.matchAll(/[.!?]\s/g)].map(({ index }) => index));
  return tail.slice(start + 1).trim();
}
