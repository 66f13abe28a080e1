import { unknowns } from './algebra/unknowns.ts';
import { clausesClash } from './clauses-clash.ts';
import { unitsClash, withoutLetterUnit } from './clean/units.ts';
import { type CompareOptions, sameAnswer, spelled } from './compare/compare.ts';
import type { Answer } from './find/answer.ts';
import { type Extracted, type ExtractOptions, extract } from './find/extract.ts';
import { sameCounts } from './find/number-lists.ts';
import { readLatex } from './find/read-match.ts';
import { readGold, readPrediction, readWords } from './find/readings.ts';
import { isSameText } from './find/same-text.ts';

export interface VerifyOptions extends ExtractOptions, CompareOptions {
  /** What is read differently in the gold answer. */
  readonly gold?: Partial<ExtractOptions>;
}

/** Math-Verify's defaults, but lenient, and with inequalities that may answer sets. */
export const defaultVerifyOptions: VerifyOptions = {
  targets: ['latex', 'expr'],
  boxedMatchPriority: 50,
  tryExtractWithoutAnchor: true,
  extractionMode: 'any_match',
  strings: ['A', 'B', 'C', 'D'],
  lowercase: true,
  precision: 6,
  strict: true,
  allowSetRelationComp: true,
  lenient: true,
  repairs: true,
};

/** 'unreadable': the gold answer can't be read, so nothing can be said of the prediction. */
export type Verdict = 'right' | 'wrong' | 'unreadable';

/** Compares a prediction with a gold answer, both full texts. Bounded in time for any input but meant for a worker. */
export function verify(gold: string, prediction: string, options: VerifyOptions): Verdict {
  const goldOptions = { ...options, ...options.gold };
  const expected = goldOptions.lenient ? readGold(gold, goldOptions) : [extract(gold, goldOptions)];
  const several = expected.find((meant) => meant.several !== undefined)?.several;
  if (several !== undefined) return isSameText(several, prediction) ? 'right' : 'unreadable';
  // To Math-Verify any gold answer that it found says something: nothing but its own text answers it.
  const comparable = ({ unread }: Extracted) =>
    goldOptions.lenient ? isWhole(unread) : unread !== undefined;
  const readable = expected.filter((meant) => meant.answer !== undefined || comparable(meant));
  if (readable.length === 0) return 'unreadable';
  const readings = options.lenient ? readPrediction(prediction, options) : [extract(prediction, options)];
  const isAnswer = (given: Extracted) => readable.some((meant) => isRight(meant, given, options));
  const wordy = readable.some((meant) => inWords(meant, options));
  const right = readings.some(isAnswer) || (wordy && readWords(prediction).some(isAnswer));
  return right ? 'right' : 'wrong';
}

/** Only a gold answer in words is looked for among words. */
const inWords = ({ answer }: Extracted, { lenient, targets }: VerifyOptions): boolean =>
  lenient &&
  !targets.includes('string') &&
  answer?.value !== undefined &&
  spelled(answer.value) !== undefined;

function isRight(expected: Extracted, given: Extracted, options: VerifyOptions): boolean {
  const [gold, prediction] = [expected.answer, given.answer];
  if (unitsClash(gold?.unit, prediction?.unit)) return false;
  if (clausesClash(gold?.clause, prediction?.clause, options)) return false;
  if (gold?.literal !== undefined || prediction?.literal !== undefined)
    return sameLiteral(gold, prediction, options);
  if (isWhole(expected.unread) && sameUnread(expected.unread, given.unread, options)) return true;
  if (gold?.value === undefined || prediction?.value === undefined) return false;
  const counts = sameCounts(gold, prediction);
  if (counts !== undefined) return counts;
  return (
    sameDigits(gold, prediction) ||
    sameAnswer(gold.value, prediction.value, options) ||
    sameQuantity(gold, prediction, options)
  );
}

/** Letter by letter; to Math-Verify spaces are letters. */
function sameUnread(gold: Answer, given: Answer | undefined, { lenient }: VerifyOptions): boolean {
  const [a, b] = [gold, given].map((answer) => (lenient ? answer?.text.replace(/\s+/g, '') : answer?.text));
  return a === b;
}

/** In plain text 12.5% and 12.5 answer each other, as people write them. */
const sameDigits = (gold: Answer, prediction: Answer) =>
  gold.latex === undefined && prediction.latex === undefined && gold.text === prediction.text;

/** 'A' as a string of target 'string', and $A$ as LaTeX. */
function sameLiteral(
  gold: Answer | undefined,
  prediction: Answer | undefined,
  options: VerifyOptions,
): boolean {
  const [first, second] = [gold, prediction].map((answer) => {
    const word = answer?.literal ?? (answer?.value && spelled(answer.value));
    return options.lowercase ? word?.toLowerCase() : word;
  });
  return first !== undefined && first === second;
}

/** '5 m' may be a length or a product; beside a plain number it is a length. */
function sameQuantity(gold: Answer, prediction: Answer, options: VerifyOptions): boolean {
  const [goldLength, givenLength] = [measured(gold, true), measured(prediction, false)];
  if (goldLength === undefined && givenLength === undefined) return false;
  const [a, b] = [goldLength ?? gold, givenLength ?? prediction];
  const isProduct = (answer: Answer) => unknowns(answer.value!).length > 0;
  return (
    !isProduct(a) && !isProduct(b) && !unitsClash(a.unit, b.unit) && sameAnswer(a.value!, b.value!, options)
  );
}

/** The number of an answer that is a number and letters which may be its unit. */
function measured({ latex }: Answer, apart: boolean): Answer | undefined {
  const length = latex === undefined ? undefined : withoutLetterUnit(latex, apart);
  const value = length && readLatex(length.latex);
  return value === undefined ? undefined : { ...length, value, text: '' };
}

/** Text that can't be parsed may still be compared letter by letter, unless it is broken off. */
function isWhole(unread: Answer | undefined): unread is Answer {
  if (unread === undefined) return false;
  const written = unread.latex ?? unread.text;
  let depth = 0;
  for (const c of written) {
    if (c === '{') depth++;
    else if (c === '}' && --depth < 0) return false;
  }
  return depth === 0 && /[a-zA-Z0-9]/.test(written.replace(/\\[a-zA-Z]+/g, ''));
}
