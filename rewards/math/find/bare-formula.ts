import { isName } from '../clean/spelled-names.ts';
import { withoutLetterUnit } from '../clean/units.ts';
import { unicodeToLatex } from '../latex/latex-tokens.ts';
import { type Extracted, type ExtractOptions, extract } from './extract.ts';
import { isPlainNumber } from './plain-number.ts';

/** Texts that are nothing but mathematics, without delimiters: 2\sqrt{3}, (1,2), x^2+1, 2*pi, 3 or 5. */

/** What only mathematics has: of 2x+1 the 2 is no answer. */
const signs = [
  String.raw`\\|\^|_|=|[<>≤≥≠√π∞±|;{[]|[^\x20-\x7e\s−–×÷·]`,
  // Ratios with spaces.
  String.raw`\d\s:\s\d`,
  // Lists.
  String.raw`,\s|[([][^()[\]]*,|(?<![a-zA-Z])(?:and|or)(?![a-zA-Z])`,
  // Operators beside letters, letters and factorials beside numbers, and a sign apart from its number.
  String.raw`[a-zA-Z]\s*[-+*/(]|[-+*/)]\s*[a-zA-Z]|(?<=\d)[a-zA-Z](?![a-zA-Z])|\d!\s?[-+*/^·×\d(]|^\s*-\s`,
];
const formula = new RegExp(signs.join('|'));
export const isFormula = (text: string): boolean =>
  formula.test(text) || (text.match(/[a-zA-Z]{2,}/g) ?? []).some(isName);

const LONGEST = 200;

/** What the text says when it is mathematics throughout. */
export function bareFormula(text: string, options: ExtractOptions): Extracted | undefined {
  const trimmed = text.trim().replace(/^\*\*(.+)\*\*$/, '$1');
  if (!options.targets.includes('latex') || trimmed === '' || trimmed.length > LONGEST) return undefined;
  if (/[$\n]|\\[([]|\\boxed|--/.test(trimmed) || isProse(trimmed)) return undefined;
  if (isPlainNumber(trimmed) || withoutLetterUnit(trimmed, true) !== undefined) return undefined;
  // 2/3 π is two thirds of π, whereas 2/3π is 2 over 3π.
  const spelled = unicodeToLatex(
    congruence(trimmed).replace(/(?<![\w)}])(\d+\/\d+)\s+(?=[a-zA-Zπ√(])/g, '($1)'),
  );
  const found = extract(`$${spelled}$`, {
    ...options,
    targets: ['latex'],
    tryExtractWithoutAnchor: true,
  });
  return found.answer === undefined ? undefined : found;
}

/** 4 mod 5 is a class of numbers, whereas 17 mod 5 is 2. */
const congruence = (text: string): string =>
  text.replace(/^(\d{1,15}) mod (\d{1,15})$/, (found, residue: string, modulus: string) =>
    Number(residue) < Number(modulus) ? `${residue} \\pmod{${modulus}}` : found,
  );

/** Words of two letters; others are products of two variables. */
const shortWords = /^(?:to|of|in|is|at|by|vs|no|so|if|on|as|we|it|be|an|am|pm)$/i;

/** Words mean prose, unless a command brings them; n/a means that there is no answer. */
function isProse(text: string): boolean {
  if (/^n\/?a$/i.test(text)) return true;
  const words = text.replace(/\\[a-zA-Z]+(?:\{[a-zA-Z\s]*\})?/g, '').match(/[a-zA-Z]{2,}/g) ?? [];
  return words.some((word) =>
    word.length === 2 ? shortWords.test(word) : !isName(word) && word !== 'and' && word !== 'or',
  );
}
