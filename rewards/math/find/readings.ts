import { withoutClauses } from '../clean/clauses.ts';
import { withExponents, withNegativeExponents } from '../clean/spelled-names.ts';
import { closingPhrase } from '../sentences/closing-phrase.ts';
import { corrected } from '../sentences/corrected.ts';
import { endRefuses, phraseRefuses } from '../sentences/no-value.ts';
import { announcedPhrase } from './announced-phrase.ts';
import { announcedWords } from './announced-words.ts';
import { bareFormula, isFormula } from './bare-formula.ts';
import { chosen } from './choices.ts';
import { type Extracted, type ExtractOptions, extract } from './extract.ts';
import { mixedList } from './mixed-list.ts';
import { numberList } from './number-lists.ts';
import { isProportion, leadingNumber, readPhrase } from './phrases.ts';
import { asciiNumbers, joinedNumbers, setApart } from './plain-spelling.ts';

/** Lenient reading: what Math-Verify's rules pass over, in the order of trust. */

/**
 * The readings of a gold answer, any of which may be meant; none where it can't be read. One that is nothing but
 * mathematics is read whole: 2\sqrt{3}, not the 2 at its start. Where its best match can't be read, no lesser one stands
 * in for it, and of several numbers none stands for all.
 */
export function readGold(text: string, options: ExtractOptions): Extracted[] {
  const choice = readChoice(text, options);
  if (choice !== undefined) return [choice];
  return spellings(goldText(text)).flatMap((answer) => readGoldMathematics(answer, withoutStrings(options)));
}

function readGoldMathematics(text: string, options: ExtractOptions): Extracted[] {
  if (hasDelimiters.test(text))
    return [onlyUnread(read(inOnePiece(text) ?? mixedList(text) ?? text, options))];
  // 3,5 is a decimal to some, and a list to others.
  const list = numberList(isDecimal(text) ? text.replace(',', ', ') : text);
  if (list !== undefined && isDecimal(text)) return [read(text, options), { answer: list }];
  if (list !== undefined)
    return isDecimal(text) ? [read(text, options), { answer: list }] : [{ answer: list }];
  const formula = calculation.test(text) ? undefined : bareFormula(text, options);
  if (formula !== undefined) return [formula];
  const found = read(text, options);
  if (found.answer !== undefined && digitsOf(found.answer.text) !== digitsOf(text))
    return [{ several: text }];
  return [onlyUnread(found)];
}

/** '$f(x) = cx$ for any real $c$' is one formula and its clause, '$9$ men and $10$ women' a list. */
function inOnePiece(text: string): string | undefined {
  if (/\\(?:boxed|fbox|\[)|\$\$|\n/.test(text)) return undefined;
  const plain = text.replace(/\\[()]|\$/g, ' ').trim();
  const isOne = withoutClauses(plain).clause !== undefined || numberList(plain)?.nouns !== undefined;
  return isOne ? `$${plain}$` : undefined;
}

const hasDelimiters = /\$[^$]+\$|\\[([]|\\(?:boxed|fbox)/;
const isDecimal = (text: string) => /^-?\d+,\d+$/.test(text.trim());
const onlyUnread = (found: Extracted): Extracted =>
  found.unread === undefined ? found : { unread: found.unread };

/** 2 + 3 = 5: its result is meant. */
const calculation = /^[\d\s.,+\-*/^()×÷]+=\s*-?[\d.,]+\s*$/;

/** The digits of the numbers in a text, but for powers of units, and of a calculation at its end those behind the '='. */
const digitsOf = (text: string): string =>
  text
    .replace(/^\D*[\d\s.,+\-*/^()×÷$%]*=(?=[^=]*$)/, '')
    .replace(/(?<=[a-zA-Z])(?:\^\{?)?[23]\}?(?!\d)/g, '')
    .replace(/\D/g, '')
    .replace(/^0+(?=\d)/, '');

/** Where a gold answer stands in a longer text: behind '####', or behind the words that announce it. */
function goldText(text: string): string {
  const answer = (inTags(text) ?? text).trim();
  const phrase = announcedPhrase(answer);
  if (phrase?.marked) return phrase.text;
  return hasDelimiters.test(answer) ? answer : (phrase?.text ?? answer);
}

/** The readings of a prediction, any of which may be right. */
export function readPrediction(prediction: string, options: ExtractOptions): Extracted[] {
  const tagged = inTags(prediction);
  if (tagged !== undefined) {
    const inside = readPrediction(tagged, options).filter(({ answer }) => answer !== undefined);
    // What holds a number has answered, and nothing outside stands in for it.
    if (inside.length > 0 || /\d/.test(tagged)) return inside;
  }
  const choice = readChoice(prediction, options);
  if (choice !== undefined) return [choice];
  return spellings(prediction).flatMap((text) => readMathematics(text, withoutStrings(options)));
}

function readMathematics(written: string, options: ExtractOptions): Extracted[] {
  const isBoxed = /\\(?:boxed|fbox)/.test(written);
  const text = isBoxed ? written : (corrected(written) ?? written);
  const list = numberList(text);
  if (list !== undefined) return [{ answer: list }];
  if (isProportion(text)) return [];
  const whole = bareFormula(text, options);
  if (whole !== undefined && isFormula(text)) return [whole];
  const phrase = isBoxed ? undefined : announcedPhrase(text);
  const said = phrase?.text ?? (isBoxed ? undefined : closingPhrase(text));
  if (
    !isBoxed &&
    (phrase ? phraseRefuses(text, phrase.text) : !hasDelimiters.test(text) && endRefuses(text, said))
  )
    return [];
  const readings = said === undefined ? undefined : readPhrase(said, options);
  if (readings !== undefined) return readings;
  const number = phrase && (phrase.text.includes('=') ? undefined : leadingNumber(phrase.text));
  const spoken = number ?? (phrase?.marked ? phrase.text : '');
  if (/\d/.test(spoken)) return [read(spoken, options)];
  const found = read(text, options);
  return whole === undefined ? [found] : [found, whole];
}

/** A text as the scanners want it; twice where it may mean two things: 2e-5. */
function spellings(text: string): string[] {
  const spelled = withExponents(setApart(joinedNumbers(text)));
  const other = withNegativeExponents(spelled);
  return other === undefined ? [spelled] : [spelled, other];
}

/** The letter or word of target 'string' that the text chooses. */
function readChoice(text: string, { targets, strings, lowercase }: ExtractOptions): Extracted | undefined {
  const key = targets.includes('string') ? chosen(inTags(text) ?? text, strings).key : undefined;
  return key === undefined
    ? undefined
    : { answer: { literal: lowercase ? key.toLowerCase() : key, text: key } };
}

const withoutStrings = (options: ExtractOptions): ExtractOptions => ({
  ...options,
  targets: options.targets.filter((target) => target !== 'string'),
});

/** What answers a gold answer that is words, where a prediction says it in running text. */
export function readWords(text: string): Extracted[] {
  const words = announcedWords(text);
  if (words === undefined) return [];
  return [{ answer: { value: { kind: 'text', value: words.replace(/\s/g, '') }, text: words } }];
}

/** What Math-Verify's rules don't find is looked for again with numbers in Unicode spelt as ASCII. */
function read(text: string, options: ExtractOptions): Extracted {
  const found = extract(text, options);
  if (found.answer !== undefined || found.unread !== undefined) return found;
  const spelled = asciiNumbers(text);
  return spelled === text ? found : extract(spelled, options);
}

/** What stands in the last <answer> that is closed. */
function inTags(text: string): string | undefined {
  const end = text.lastIndexOf('</answer>');
  const start = end < 0 ? -1 : text.lastIndexOf('<answer>', end);
  const reopened = text.lastIndexOf('<answer>') > end;
  return start < 0 || reopened ? undefined : text.slice(start + '<answer>'.length, end).trim();
}
