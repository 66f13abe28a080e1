import { boxedContents } from './clean/boxed.ts';
import { withoutClauses, withPlainWords } from './clean/clauses.ts';
import { announcedPhrase } from './find/announced-phrase.ts';
import { isPlainNumber } from './find/plain-number.ts';

/**
 * The parts of a gold answer, each as an answer of its own: 3 and 5 of '3, 5', 5 and 30 of '5 hours 30 minutes'. A reward
 * that accepts one of them has misread the gold answer. Empty for an answer that is one value.
 */
export function goldParts(gold: string): readonly string[] {
  const answer = plainAnswer(gold);
  if (answer.length > LONGEST || isPlainNumber(answer) || /\\begin/.test(answer)) return [];
  const listed = split(withoutBrackets(answer)).filter((part) => /[\da-zA-Z]/.test(part));
  const parts = listed.length > 1 ? listed : numbersAmongWords(answer);
  return [...new Set(parts)].filter((part) => part !== answer);
}

/** Longer answers are worked solutions. */
const LONGEST = 200;

/** What a gold text gives as its answer: in its box, behind '####', announced, or the whole. */
function plainAnswer(gold: string): string {
  const boxed = /\\(?:boxed|fbox)/.test(gold) ? boxedContents(gold, 'last') : undefined;
  const latex = boxed ?? announcedPhrase(gold)?.text ?? gold;
  return withPlainWords(withoutClauses(latex.replace(/\\[()[\]]|\$/g, ' ').trim()).latex)
    .replace(/(?<=\d)\{,\}(?=\d{3})/g, ',')
    .replace(/\s+/g, ' ')
    .replace(/[.,;]$/, '')
    .trim();
}

const withoutBrackets = (answer: string): string =>
  /^(?:\\[{]|[([{])[^()[\]{}]*(?:\\[}]|[)\]}])$/.test(answer) ? answer.replace(/^\\?.|\\?.$/g, '') : answer;

const separator =
  /,(?!\d{3}(?!\d))|[;&]|(?<![a-zA-Z\\])(?:and|or)(?![a-zA-Z])|[<>≤≥]|\\(?:geq?|leq?|lt|gt|lor)(?![a-zA-Z])/y;

/** The text between separators that no bracket holds. */
function split(answer: string): string[] {
  const parts: string[] = [];
  let [depth, start] = [0, 0];
  for (let at = 0; at < answer.length; at++) {
    if (/[([{]/.test(answer[at]!)) depth++;
    else if (/[)\]}]/.test(answer[at]!)) depth--;
    separator.lastIndex = at;
    const found = depth === 0 ? separator.exec(answer) : null;
    if (found === null) continue;
    parts.push(answer.slice(start, at).trim());
    start = at + found[0].length;
    at = start - 1;
  }
  return [...parts, answer.slice(start).trim()];
}

/** Numbers that words part; of '10 cm^2' only one is. */
function numbersAmongWords(answer: string): string[] {
  const words = answer.replace(/(?<=[a-zA-Z])\^?\{?[23]\}?(?!\d)/g, '').replace(/\\[a-zA-Z]+/g, '');
  if (!/\d[^\d=]*(?<![a-zA-Z])(?!(?:sqrt|sin|cos|tan|log|ln|pi)\b)[a-zA-Z]{2,}[^\d=]*\d/.test(words))
    return [];
  return words.match(/-?\d[\d,]*(?:\.\d+)?/g) ?? [];
}
