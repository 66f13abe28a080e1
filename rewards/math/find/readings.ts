import { withoutLetterUnit } from '../clean/units.ts';
import { unicodeToLatex } from '../latex/latex-tokens.ts';
import { announcedWords } from './announced-words.ts';
import { type Extracted, type ExtractOptions, extract } from './extract.ts';

/** Lenient reading: what Math-Verify's rules pass over, in the order of trust. */

/**
 * A gold answer that is nothing but mathematics is read whole: 2\sqrt{3}, not the 2 at its start. Where its best match
 * can't be read, no lesser one stands in for it.
 */
export function readGold(text: string, options: ExtractOptions): Extracted {
  const answer = joinedNumbers(inTags(text) ?? text);
  const literal = options.targets.includes('string') ? read(answer, { ...options, targets: ['string'] }) : {};
  const found = literal.answer ? literal : (bareLatex(answer, options) ?? read(answer, options));
  return found.unread === undefined ? found : { unread: found.unread };
}

/** The readings of a prediction, any of which may be right. */
export function readPrediction(prediction: string, options: ExtractOptions): Extracted[] {
  const text = joinedNumbers(prediction);
  const tagged = inTags(text);
  if (tagged !== undefined) {
    const inside = readPrediction(tagged, options).filter(({ answer }) => answer !== undefined);
    if (inside.length > 0) return inside;
  }
  const whole = bareLatex(text, options);
  if (whole !== undefined && isFormula.test(text) && !options.targets.includes('string')) return [whole];
  const found = read(text, options);
  return whole === undefined ? [found] : [found, whole];
}

/** What answers a gold answer that is words, where a prediction says it in running text. */
export function readWords(text: string): Extracted[] {
  const words = announcedWords(text);
  if (words === undefined) return [];
  return [{ answer: { value: { kind: 'text', value: words.replace(/\s/g, '') }, text: words } }];
}

/** What Math-Verify's rules don't find is looked for again with numbers in Unicode spelt as ASCII. */
function read(text: string, options: ExtractOptions): Extracted {
  const found = extract(text, options);
  if (found.answer === undefined && options.targets.includes('string'))
    return bracketedString(text, options) ?? found;
  if (found.answer !== undefined || found.unread !== undefined) return found;
  const spelled = asciiNumbers(text);
  return spelled === text ? found : extract(spelled, options);
}

/** 5½ and 10⁶ as 5 1/2 and 10^(6): their signs belong to the number before them. */
function joinedNumbers(text: string): string {
  if (!/[½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞⁰¹²³⁴-⁹⁻]/.test(text)) return text;
  return text
    .replace(/(?<=\d)\s?([½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞])/g, (_, fraction: string) => ` ${slashed(fraction)}`)
    .replace(/(?<=\d)[⁰¹²³⁴-⁹⁻]+/g, (power) => `^(${power.normalize('NFKC').replace('\u2212', '-')})`);
}

const slashed = (fraction: string) => fraction.normalize('NFKC').replace('\u2044', '/');

/** '−5', '１７' and '½' in running text; a fraction has to stand alone. */
function asciiNumbers(text: string): string {
  return text
    .replace(/[\uff01-\uff5e]/g, (wide) => String.fromCharCode(wide.charCodeAt(0) - 0xfee0))
    .replace(/(?<=^|\s)[−–](?=\d)/g, '-')
    .replace(
      /(?<=^|\s)(-?)([½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞])(?=[\s.,;:!?)]|$)/g,
      (_, sign: string, fraction: string) => sign + slashed(fraction),
    );
}

/** What stands in the last <answer> that is closed. */
function inTags(text: string): string | undefined {
  const end = text.lastIndexOf('</answer>');
  const start = end < 0 ? -1 : text.lastIndexOf('<answer>', end);
  const reopened = text.lastIndexOf('<answer>') > end;
  return start < 0 || reopened ? undefined : text.slice(start + '<answer>'.length, end).trim();
}

/** '(C)' where the rules want a letter of its own. */
function bracketedString(text: string, { strings, lowercase }: ExtractOptions): Extracted | undefined {
  const found = [...text.matchAll(/\(([^()]+)\)|\{([^{}]+)\}|\[([^[\]]+)\]/g)].map((match) =>
    (match[1] ?? match[2] ?? match[3])!.trim(),
  );
  const key = found.filter((inside) => strings.includes(inside)).at(-1);
  return key === undefined
    ? undefined
    : { answer: { literal: lowercase ? key.toLowerCase() : key, text: key } };
}

/** Commands, powers, operators beside letters, and a sign apart from its number: of 2x+1 the 2 is no answer. */
const isFormula = /\\|\^|_|=|[a-zA-Z]\s*[-+*(]|[-+*)]\s*[a-zA-Z]|^\s*-\s/;
/** Numbers that the scanner of plain text reads as well as LaTeX does. */
const isPlainNumber = /^-?[\d.][\d.,\s%]*(?:[eE][-+]?\d+)?$/;
const LONGEST = 200;

/** A text that is nothing but mathematics: 2\sqrt{3}, (1,2), x^2+1, A. */
function bareLatex(text: string, options: ExtractOptions): Extracted | undefined {
  const trimmed = text.trim().replace(/^\*\*(.+)\*\*$/, '$1');
  if (!options.targets.includes('latex') || trimmed === '' || trimmed.length > LONGEST) return undefined;
  if (/[$\n]|\\[([]|\\boxed|--/.test(trimmed) || isProse(trimmed)) return undefined;
  if (isPlainNumber.test(trimmed) || withoutLetterUnit(trimmed, true) !== undefined) return undefined;
  const found = extract(`$${unicodeToLatex(trimmed)}$`, {
    ...options,
    targets: ['latex'],
    tryExtractWithoutAnchor: true,
  });
  return found.answer === undefined ? undefined : found;
}

/** Words mean prose, unless a command brings them; n/a means that there is no answer. */
function isProse(text: string): boolean {
  if (/^n\/?a$/i.test(text)) return true;
  const words = text.replace(/\\[a-zA-Z]+(?:\{[a-zA-Z\s]*\})?/g, '').match(/[a-zA-Z]{3,}/g) ?? [];
  return words.some((word) => !functions.has(word));
}
const functions = new Set(['sqrt', 'sin', 'cos', 'tan', 'log', 'exp']);
