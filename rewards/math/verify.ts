import { type CompareOptions, sameAnswer } from './compare.ts';
import type { Expr } from './expression.ts';
import { type Answer, type Extracted, type ExtractOptions, extract, readLatex } from './extract.ts';
import { unicodeToLatex } from './latex-tokens.ts';
import { unitsClash, withoutLetterUnit } from './normalize-latex.ts';
import { unknowns } from './unknowns.ts';

export interface VerifyOptions extends ExtractOptions, CompareOptions {
  /** What is read differently in the gold answer. */
  readonly gold?: Partial<ExtractOptions>;
  /** Look beyond Math-Verify's rules: in <answer> tags, at Unicode, at formulas without delimiters. */
  readonly lenient: boolean;
}

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
};

/** 'unreadable': the gold answer can't be read, so nothing can be said of the prediction. */
export type Verdict = 'right' | 'wrong' | 'unreadable';

/** Compares a prediction with a gold answer, both full texts. Bounded in time for any input but meant for a worker. */
export function verify(gold: string, prediction: string, options: VerifyOptions): Verdict {
  const expected = readGold(gold, { ...options, ...options.gold });
  const verbatim = expected.answer === undefined && expected.text !== undefined && isBalanced(expected.text);
  if (expected.answer === undefined && !verbatim) return 'unreadable';
  const readings = readPrediction(prediction, options);
  return readings.some((given) => isRight(expected, given, options)) ? 'right' : 'wrong';
}

function isRight(expected: Extracted, given: Extracted, options: VerifyOptions): boolean {
  const [gold, prediction] = [expected.answer, given.answer];
  if (unitsClash(gold?.unit, prediction?.unit)) return false;
  if (gold?.literal !== undefined || prediction?.literal !== undefined)
    return gold?.literal === prediction?.literal;
  if (expected.text !== undefined && expected.text.trim() === given.text?.trim()) return true;
  if (gold?.value === undefined || prediction?.value === undefined) return false;
  if (sameAnswer(gold.value, prediction.value, options)) return true;
  // '5 m' may be a length or a product; beside a plain number it is a length.
  const [goldLength, predictedLength] = [lengthOf(gold, true), lengthOf(prediction, false)];
  if (predictedLength !== undefined && unknowns(gold.value).length === 0)
    return sameAnswer(gold.value, predictedLength, options);
  return (
    goldLength !== undefined &&
    unknowns(prediction.value).length === 0 &&
    sameAnswer(goldLength, prediction.value, options)
  );
}

function lengthOf({ text }: Answer, apart: boolean): Expr | undefined {
  const number = withoutLetterUnit(text, apart);
  return number === undefined ? undefined : readLatex(number);
}

/** Text that can't be parsed may still be compared letter by letter, unless it is broken off. */
function isBalanced(text: string): boolean {
  let depth = 0;
  for (const c of text) {
    if (c === '{') depth++;
    else if (c === '}' && --depth < 0) return false;
  }
  return depth === 0 && /[a-zA-Z0-9]/.test(text);
}

/** What Math-Verify's rules don't find is looked for again with Unicode spelt as LaTeX. */
function read(text: string, options: VerifyOptions): Extracted {
  const found = extract(text, options);
  if (found.answer === undefined && options.targets.includes('string'))
    return bracketedString(text, options) ?? found;
  if (found.answer !== undefined || found.text !== undefined) return found;
  const spelled = unicodeToLatex(text);
  return spelled === text ? found : extract(spelled, options);
}

/** A gold answer that is nothing but mathematics is read whole: 2\sqrt{3}, not the 2 at its start. */
function readGold(text: string, options: VerifyOptions): Extracted {
  if (!options.lenient) return extract(text, options);
  const answer = inTags(text) ?? text;
  return bareLatex(answer, options) ?? read(answer, options);
}

/** The readings of a prediction, in order of trust. */
function readPrediction(text: string, options: VerifyOptions): Extracted[] {
  if (!options.lenient) return [extract(text, options)];
  const tagged = inTags(text);
  if (tagged !== undefined) {
    const inside = readPrediction(tagged, options).filter(({ answer }) => answer !== undefined);
    if (inside.length > 0) return inside;
  }
  const whole = bareLatex(text, options);
  if (whole !== undefined && isMathematics.test(text)) return [whole];
  const found = read(text, options);
  return whole === undefined ? [found] : [found, whole];
}

const inTags = (text: string): string | undefined =>
  /<answer>([\s\S]*?)<\/answer>(?![\s\S]*<answer>)/.exec(text)?.[1]?.trim();

/** Commands, powers and operators beside letters: text like 2x+1, of which the 2 is no answer. */
const isMathematics = /\\|\^|_|=|[a-zA-Z]\s*[-+*(]|[-+*)]\s*[a-zA-Z]/;

/** '(C)' where the rules want a letter of its own. */
function bracketedString(text: string, { strings, lowercase }: VerifyOptions): Extracted | undefined {
  const found = [...text.matchAll(/\(([^()]+)\)|\{([^{}]+)\}|\[([^[\]]+)\]/g)].map((match) =>
    (match[1] ?? match[2] ?? match[3])!.trim(),
  );
  const key = found.filter((inside) => strings.includes(inside)).at(-1);
  if (key === undefined) return undefined;
  return { answer: { literal: lowercase ? key.toLowerCase() : key, text: key }, text: key };
}

/** A text that is nothing but mathematics: 2\sqrt{3}, (1,2), x^2+1, A. */
function bareLatex(text: string, options: VerifyOptions): Extracted | undefined {
  const trimmed = text.trim();
  if (!options.targets.includes('latex') || trimmed.length > 200 || /[$\n]|\\[([]|\\boxed/.test(trimmed))
    return undefined;
  // Words mean prose, unless a command brings them.
  if (/[a-zA-Z]{3,}/.test(trimmed.replace(/\\[a-zA-Z]+(?:\{[a-zA-Z\s]*\})?/g, '')) || trimmed === '')
    return undefined;
  if (/^[-+]?[\d.,\s%]+(?:[eE][-+]?\d+)?$/.test(trimmed)) return undefined;
  const found = extract(`$${unicodeToLatex(trimmed)}$`, {
    ...options,
    targets: ['latex'],
    tryExtractWithoutAnchor: true,
  });
  return found.answer === undefined ? undefined : found;
}
