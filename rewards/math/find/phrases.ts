import { isName } from '../clean/spelled-names.ts';
import { bareFormula, isFormula } from './bare-formula.ts';
import type { Extracted, ExtractOptions } from './extract.ts';
import { numberList } from './number-lists.ts';

/** What an announced phrase says: a number, a list, a formula (8x + 3, 3√2, (3, 5)), or a range, which is no answer. */

const digits = String.raw`(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)(?:[eE][-+]?\d{1,3}(?!\d))?`;
const number = String.raw`[-+−–]?\s?[$€£¥]?${digits}%?`;

/** A word, or a letter that is a unit more often than a variable; t and d only apart from the number. */
const unitName = String.raw`\(?(?:[a-zA-Z]{2,}|(?<=\s)[td]|[gmshlVWNJKCFA])\)?(?:\^?[23]|[²³])?`;
const perUnit = String.raw`(?:\s?\/\s?[a-zA-Z]+(?:\^?[23]|[²³])?)?`;
const quantity = String.raw`[=≈~#]?\s?${number}(?:\s?${unitName}${perUnit})?`;
const leading = new RegExp(`^${quantity}`);

const another = String.raw`(?:and|or|to|&)\s${number}`;
const mark = String.raw`(?:[\s,;:(["'\`)\]]|\*\*|\s[-–]\s)+`;
/** Words, the articles among them, that do not go on with another number. */
const words = String.raw`(?:${mark}(?!${another})[a-zA-Z]{2,}.*|[\s,;:(]+[aI]\s.*)`;
const oneNumber = new RegExp(`^${quantity}${words}?$`);
/** Numbers and their operators alone. */
const arithmetic = /^[\d.\s+\-−–*×/^()÷%]+$/;

/** The number or calculation at a phrase's start, with its unit, where only words follow. */
export function leadingNumber(phrase: string): string | undefined {
  if (arithmetic.test(phrase)) return phrase;
  const hasNames = (phrase.match(/[a-zA-Z]{2,}/g) ?? []).some(isName);
  return oneNumber.test(phrase) && !hasNames ? leading.exec(phrase)![0] : undefined;
}

const calculation = String.raw`${number}(?:\s?[-+*/^]\s?${number})*`;
const beyond = String.raw`[-+*/^×÷±]\s?[a-zA-Z(√π\\]|[=<>≤≥√π(^]|\s?[a-zA-Zπ√](?![a-zA-Z])|${another}`;
/** A number that goes on as a formula, a list or a range; a relation; a root or bracket; a range in words. */
const mathematics = new RegExp(
  String.raw`^(?:${calculation}\s?(?:${beyond})|[a-zA-Z]\s?[<>≤≥≠=]|[√π±([{]|(?:between|from)\s)`,
);

/**
 * The readings of a phrase: undefined where it is a number as the scanners of running text read it, or words; none where
 * it is mathematics that can't be read.
 */
export function readPhrase(phrase: string, options: ExtractOptions): Extracted[] | undefined {
  if (/\$[^$]*\$|\n|\\[([]|\\boxed/.test(phrase)) return undefined;
  const list = numberList(phrase);
  if (list !== undefined) return [{ answer: list }];
  if (leadingNumber(phrase) !== undefined) return undefined;
  const formula = isFormula(phrase) ? bareFormula(phrase, options) : undefined;
  if (formula !== undefined) return [formula];
  return mathematics.test(phrase) ? [] : undefined;
}

const range = String.raw`(?:between|from)\s${number}\s(?:and|to|or)`;
const share = String.raw`${number}\s(?:[a-zA-Z]{2,20}\s)?(?:out of|of the|of|per|to|in)`;
const fewWords = String.raw`(?:\s[a-zA-Z]{1,20}){0,3}`;
const proportion = new RegExp(String.raw`^\s*(?:${range}|${share})\s${number}${fewWords}\s?\.?\s*$`);

/** 12 out of 30, between 3 and 5: neither number is the answer. */
export const isProportion = (text: string): boolean => proportion.test(text);
