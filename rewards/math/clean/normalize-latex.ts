import { boxedContents } from './boxed.ts';
import { withoutEnvironment } from './environments.ts';
import { withoutSpaceAround } from './typeset-space.ts';
import { type Measured, withoutInnerUnits, withoutUnit } from './units.ts';

/** What models write for the same thing, in order. */
const replacements: readonly (readonly [RegExp, string | ((found: string) => string)])[] = [
  [/\s+/g, ' '],
  // Delimiters inside delimiters are brackets.
  [/(?<!\\)\\([()])/g, '$1'],
  [/\{\s*\\(?:rm|bf|it|sf|tt)\s+([^{}]*)\}/g, '\\mathrm{$1}'],
  [/\\(?:rm|bf|it|sf|tt|cal|tiny|small|large|Large|LARGE|huge|Huge|nonumber|notag)(?![a-zA-Z])/g, ''],
  [/\\(?:color|textcolor|colorbox|tag|label|hspace|vspace)\*?\s?\{[^{}]*\}/g, ''],
  [/\\mathrm\{T\}/g, 'T'],
  [/\\mathrm\{d\}|\{\\rm d\}/g, 'd'],
  [/\((\d+)\)_(\d|\{\d+\})/g, '$1_$2'],
  [/\(([a-zA-Z0-9+\-*/\\ ]+?)\)_\{([a-zA-Z0-9+\-*/\\ ]+?)\}/g, '\\frac{($1)!}{(($1)-($2))!}'],
  [/\\mathrm\{th\}/g, ''],
  // Thousands separators that can be nothing else: 1{,}234, 12,\!000, 10\,000.
  [/(?<=\d)(?:\s*\{\s*,\s*\}|,\\!|\\[,;]|\\ )(?=\d{3}(?!\d))/g, ''],
  [/(?<=(?<!\d)\d{1,3}(?: \d{3})*) (?=\d{3}(?: |$|[^\d\s]))/g, ''],
  [/\\!\s*/g, ''],
  [/\\text\s*\{\s*\}/g, ''],
  [/\\\$|\$/g, ''],
  [/(?<!\\)"/g, ''],
  [/\\displaystyle/g, ''],
  [/(?<![a-zA-Z}\]^_\\])\{\s*\}/g, ''],
  // A number in braces is no list: \frac{1,234}{5}.
  [
    /(?<=(?:\\[a-zA-Z]+|\}|\^|_)\s?)\{-?[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?\}/g,
    (braced) => braced.replaceAll(',', ''),
  ],
  [/\s*\{\s*,\s*\}/g, ','],
  // '(C) 12' answers a multiple-choice question with its letter.
  [/^\\text(?:bf|rm|it)?\s*\{\s*\(([A-Z])\)\s*\}\s*(?:\\[ ,;:]|\\quad)?\s*\S.*$/s, '\\text{$1}'],
  [/(?<=\\text(?:bf|it|rm|normal)?\s*\{[^{}]{0,40})\\%/g, '%'],
  [/\\(?:text|mathrm|mbox)\s*\{\s*(?:percent|percentage|pct)\s*\}/g, '\\%'],
  [/\s*\b(?:percentage|percent|pct)\b/g, '\\%'],
  [/,?\s*\\(?:text|textrm|textbf|mathrm|mbox)\s*\{\s*,?\s*(?:and|or)\s*\}/g, ','],
  [/(?<![a-zA-Z])(?:,?\s*(?:and|or))(?![a-zA-Z])/g, ','],
  [/,\s*,/g, ','],
  [/(?<![\\a-zA-Z])infinity/g, '\\infty '],
  [/(?<![\\a-zA-Z])inf(?![a-zA-Z])/g, '\\infty '],
  [/,?\s*(?:\\[lc]?dots|\\dotsc|\.\.\.)/g, ' '],
  [/(?<=\s)sqrt/g, '\\sqrt'],
  [/^sqrt/g, '\\sqrt'],
  [/\\[dtc]frac/g, '\\frac'],
  [/\\frac\s*(\d)\s*(\d+)/g, '\\frac{$1}{$2}'],
  [/\\frac\s*\{([^{}]*)\}\s*(\d)(?!\d)/g, '\\frac{$1}{$2}'],
  [/\\frac\s*(\d)\s*\{([^{}]*)\}/g, '\\frac{$1}{$2}'],
  [/\\sqrt\s*(\d)(?!\d)/g, '\\sqrt{$1}'],
];

/** Between inequalities 'or' is no comma: x < 2 or x > 3. */
const inequality = /[<>≤≥]|\\(?:[lg]eq?(?:q|slant)?|[lg]t)(?![a-zA-Z])/;
const alternative =
  /,?\s*(?:\\(?:text|textrm|textbf|mathrm|mbox)\s*\{\s*,?\s*or\s*\}|(?<![a-zA-Z])or(?![a-zA-Z]))/g;

/**
 * Cleans an answer's LaTeX: takes it out of its boxes, unifies spellings, strips a trailing unit.
 * @param boxes whether all boxes are read, or the last ones that belong together.
 */
export function normalizeLatex(text: string, boxes: 'last' | 'all'): Measured {
  let latex = withoutEnvironment(withoutSpaceAround(boxedContents(text, boxes)));
  if (inequality.test(latex)) latex = latex.replace(alternative, ' \\lor ');
  for (const [pattern, replacement] of replacements) latex = latex.replace(pattern, replacement as string);
  // Doubled backslashes come from escaped text; in a matrix they end a row, and a comma separates nothing but digits.
  latex = /matrix|array/.test(latex)
    ? latex.replace(/(?<![\d.,])\d{1,3}(?:,\d{3})+(?!\d)/g, (number) => number.replaceAll(',', ''))
    : latex.replace(/\\\\(?=[a-zA-Z])/g, '\\');
  const measured = withoutUnit(withoutSpaceAround(withoutInnerUnits(latex)));
  // To Math-Verify 0.5 is one half, and no decimal to round to.
  return /^0?\.5$/.test(measured.latex) ? { ...measured, latex: '\\frac{1}{2}' } : measured;
}
