import { type CompareOptions, sameAnswer } from './compare.ts';
import { type Extracted, type ExtractOptions, extract } from './extract.ts';
import { unicodeToLatex } from './latex-tokens.ts';
import { unitsClash } from './normalize-latex.ts';

export interface VerifyOptions extends ExtractOptions, CompareOptions {}

export const defaultVerifyOptions: VerifyOptions = {
  targets: ['latex', 'expr'],
  boxedMatchPriority: 50,
  tryExtractWithoutAnchor: true,
  extractionMode: 'any_match',
  strings: ['A', 'B', 'C', 'D'],
  lowercase: true,
  precision: 6,
  strict: true,
};

/** 'unreadable': the gold answer can't be read, so nothing can be said of the prediction. */
export type Verdict = 'right' | 'wrong' | 'unreadable';

/** Compares a prediction with a gold answer, both full texts. Bounded in time for any input but meant for a worker. */
export function verify(gold: string, prediction: string, options: VerifyOptions): Verdict {
  const expected = readAnswer(gold, options, true);
  const verbatim = expected.answer === undefined && expected.text !== undefined && isBalanced(expected.text);
  if (expected.answer === undefined && !verbatim) return 'unreadable';
  const given = readAnswer(prediction, options, false);
  return isRight(expected, given, options) ? 'right' : 'wrong';
}

function isRight(expected: Extracted, given: Extracted, options: VerifyOptions): boolean {
  const [gold, prediction] = [expected.answer, given.answer];
  if (unitsClash(gold?.unit, prediction?.unit)) return false;
  if (gold?.literal !== undefined || prediction?.literal !== undefined)
    return gold?.literal === prediction?.literal;
  if (expected.text !== undefined && expected.text.trim() === given.text?.trim()) return true;
  return (
    gold?.value !== undefined &&
    prediction?.value !== undefined &&
    sameAnswer(gold.value, prediction.value, options)
  );
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

/**
 * The answer in a text. What Math-Verify's rules don't find is looked for again: inside <answer> tags, with
 * Unicode spelt as LaTeX, and, for a short text, as LaTeX without delimiters.
 */
export function readAnswer(text: string, options: VerifyOptions, isGold: boolean): Extracted {
  const tagged = /<answer>([\s\S]*?)<\/answer>(?![\s\S]*<answer>)/.exec(text)?.[1]?.trim();
  const inTags = tagged === undefined ? undefined : readPlainly(tagged, options, true);
  if (inTags?.answer !== undefined) return inTags;
  return readPlainly(text, options, isGold);
}

function readPlainly(text: string, options: VerifyOptions, whole: boolean): Extracted {
  const bare = whole ? bareLatex(text, options) : undefined;
  if (bare?.answer !== undefined) return bare;
  const found = extract(text, options);
  if (found.answer === undefined && options.targets.includes('string'))
    return bracketedString(text, options) ?? found;
  if (found.answer !== undefined || found.text !== undefined) return found;
  const spelled = unicodeToLatex(text);
  const again = spelled === text ? found : extract(spelled, options);
  return again.answer !== undefined ? again : (bareLatex(spelled, options) ?? found);
}

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
  return extract(`$${trimmed}$`, { ...options, targets: ['latex'], tryExtractWithoutAnchor: true });
}
