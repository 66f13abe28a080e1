import { isName } from '../clean/spelled-names.ts';
import { bareFormula, isFormula } from './bare-formula.ts';
import type { Extracted, ExtractOptions } from './extract.ts';
import { numberList } from './number-lists.ts';

/** What is said behind 'the answer is', where that is more than one number: 8x + 3, 3√2, (3, 5), 3 and 5. */

const announcement =
  /####|\b(?:answers?|solutions?|roots?|results?)\b(?:[^\n.:=$\\]{0,60}?\s(?:is|are)\b|(?:\*\*)?\s?[:=])(?:\*\*)?[ \t]*:?[ \t]*\n{0,2}/gi;

export interface Phrase {
  readonly text: string;
  /** It stands behind '####': nothing but an answer does. */
  readonly marked: boolean;
}

/** The rest of the sentence behind the last announcement. */
export function announcedPhrase(text: string): Phrase | undefined {
  const last = [...text.matchAll(announcement)].at(-1);
  if (last === undefined) return undefined;
  const rest = text.slice(last.index + last[0].length, last.index + last[0].length + LONGEST);
  const phrase = undecorated(sentence(rest.replace(/^\s+/, '')));
  return { text: phrase, marked: last[0] === '####' };
}

const LONGEST = 160;

/** The text up to the end of its first line or sentence, reasons left out. */
function sentence(text: string): string {
  const line = text.split('\n', 1)[0]!;
  // What stands between delimiters is no prose.
  if (/\$[^$]+\$|\\[([]/.test(line)) return line;
  const end =
    /[.!?](?=\s|$)|,?\s(?:because|since|which|where|so|as|when|hence|thus|for|at|if|with|given)\b|\.?\sI hope/.exec(
      line,
    );
  return line.slice(0, end?.index ?? line.length);
}

const undecorated = (text: string): string =>
  text.replace(
    /^(?:[\s*_`"“”‘’]|(?:approximately|about|exactly|simply|just|therefore|thus|both|either)\s)+|[\s*_`"“”’.,;:!]+$/g,
    '',
  );

const number = String.raw`[-+−–]?\s?[$€£¥]?(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)(?:[eE][-+]?\d{1,3}(?!\d))?%?`;
const quantity = String.raw`[=≈~#]?\s?${number}(?:\s?\(?(?:[a-zA-Z]{2,}|(?<=\s)[td]|[gmshlVWNJKCFA])\)?(?:\^?[23]|[²³])?(?:\s?\/\s?[a-zA-Z]+(?:\^?[23]|[²³])?)?)?`;
const leading = new RegExp(`^${quantity}`);
/** One number, perhaps with a unit, and words that hold no mathematics. */
const single = new RegExp(
  String.raw`^${quantity}(?:(?:[\s,;:(["'\`)\]]|\*\*|\s[-–]\s)+(?!(?:and|or|to|&)\s${number})[a-zA-Z]{2,}.*|[\s,;:(]+[aI]\s.*)?$`,
);
/** Numbers and their operators alone. */
const arithmetic = /^[\d.\s+\-−–*×/^()÷%]+$/;
/** A number that goes on as a formula, a list or a range; or a range in words. */
const goesOn = new RegExp(
  String.raw`^(?:${number}(?:\s?[-+*/^]\s?${number})*\s?(?:[-+*/^×÷±]\s?[a-zA-Z(√π\\]|[=<>≤≥√π(^]|\s?[a-zA-Zπ√](?![a-zA-Z])|(?:and|or|to|&)\s${number})|[a-zA-Z]\s?[<>≤≥=]|[√π±([{]|(?:between|from)\s)`,
);

/**
 * The readings of a phrase: undefined where it is a number as the scanners of running text read it, or words; none where it
 * is mathematics that can't be read.
 */
export function readPhrase(phrase: string, options: ExtractOptions): Extracted[] | undefined {
  if (/\$[^$]*\$|\n|\\[([]|\\boxed/.test(phrase)) return undefined;
  const list = numberList(phrase);
  if (list !== undefined) return [{ answer: list }];
  if (leadingNumber(phrase) !== undefined) return undefined;
  const formula = isFormula(phrase) ? bareFormula(phrase, options) : undefined;
  if (formula !== undefined) return [formula];
  return goesOn.test(phrase) ? [] : undefined;
}

/** The number or calculation at a phrase's start, with its unit, where only words follow. */
export function leadingNumber(phrase: string): string | undefined {
  if (arithmetic.test(phrase)) return phrase;
  const hasNames = (phrase.match(/[a-zA-Z]{2,}/g) ?? []).some(isName);
  return single.test(phrase) && !hasNames ? leading.exec(phrase)![0] : undefined;
}

/** 12 out of 30, between 3 and 5: neither number is the answer. */
export const isProportion = (text: string): boolean => proportion.test(text);
const proportion = new RegExp(
  String.raw`^\s*(?:(?:between|from)\s${number}\s(?:and|to|or)|${number}\s(?:[a-zA-Z]{2,20}\s)?(?:out of|of the|of|per|to|in))\s${number}(?:\s[a-zA-Z]{1,20}){0,3}\s?\.?\s*$`,
);
