/** Phrases that hold a number and are not that number: bounds, denials, and numbers that a word changes. */

const bound = [
  '(?:at|no|not|strictly)? ?(?:most|least|more than|less than|fewer than|greater than|larger than|smaller than)',
  'below|above|under|over|beyond|up to|exceeds?|not|never|neither',
].join('|');
/** No other number follows. */
const alone = String.raw`[^\d]*$`;
const bounded = new RegExp(String.raw`^(?:(?:${bound})\s|[<>≤≥≠]\s?)[-−$(\\]{0,3}\d[\d,.]*${alone}`, 'i');

const number = String.raw`[-−]?\$?\d[\d,]{0,30}(?:\.\d{1,30})?`;
const open = String.raw`(?:\s[a-z]{2,15})?\s(?:or|and)\s(?:more|above|greater|higher|over|up|beyond|less|fewer|below|lower|under)\b(?!\s(?:we|I|it|you|is|are)\b)`;
const changed = String.raw`\s(?:choose\s\d|dozens?\b|(?:squared|cubed)(?!\s[a-z]))`;
const denied = String.raw`\s(?:is|are|was)\s(?:not|wrong|incorrect|false|impossible)\b`;
const opened = new RegExp(`^${number}(?:${open}|${changed}|${denied})${alone}`);

/** Another value follows the one that is denied. */
const replaced = /\b(?:but|instead|rather|it is|it's)\b/;

/** Is the phrase 'at most 6', '< 6', '6 or more', '6 dozen', 'not 6', '6 is wrong'? */
export const isRefused = (phrase: string): boolean =>
  opened.test(phrase) || (bounded.test(phrase) && !replaced.test(phrase));

const denial =
  /(?:cannot|can not|can['’]t|could not|couldn['’]t|must not|isn['’]t|aren['’]t|is not|never)(?: be| equal)?\s[-−$]{0,2}\d[^a-zA-Z]{0,40}$/;
const chineseDenial =
  /答案(?:应该|应)?\s?(?:不(?:可能|会|能|应该|应)?(?:是|为|等于)|不?(?:小于|大于|少于|多于|超过)|至少|至多|最多)[^是]{0,40}$/;

/** Does the last sentence only say what the answer is not: 'the answer cannot be 6'? */
export function endsInDenial(sentence: string): boolean {
  return denial.test(sentence) || chineseDenial.test(sentence);
}
