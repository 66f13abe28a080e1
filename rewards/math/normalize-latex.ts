import { boxedContents } from './boxed.ts';

/** LaTeX of an answer cleaned of what carries no meaning, and the unit that was taken off its end. */
export interface Normalized {
  readonly latex: string;
  readonly unit?: string;
}

/** What models write for the same thing, in order. */
const replacements: readonly (readonly [RegExp, string])[] = [
  [/\s+/g, ' '],
  [/\\mathrm\{T\}/g, 'T'],
  [/\\mathrm\{d\}|\{\\rm d\}/g, 'd'],
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

/**
 * Cleans an answer's LaTeX: takes it out of its boxes, unifies spellings, strips a trailing unit.
 * @param boxes whether all boxes are read, or the last ones that belong together.
 */
export function normalizeLatex(text: string, boxes: 'last' | 'all'): Normalized {
  let latex = boxedContents(text, boxes);
  for (const [pattern, replacement] of replacements) latex = latex.replace(pattern, replacement);
  // Doubled backslashes come from escaped text; in a matrix they end a row.
  if (!/matrix|array/.test(latex)) latex = latex.replace(/\\\\(?=[a-zA-Z])/g, '\\');
  return withoutUnit(latex.trim());
}

const units = [
  'children ticket',
  'square',
  'cubic',
  'sq',
  'cu',
  'feet',
  'foot',
  'ft',
  'inches',
  'inch',
  'yards?',
  'yd',
  'miles?',
  'mph',
  'kmph',
  'kmh',
  'degrees?',
  'deg',
  'points?',
  'digits?',
  'pounds?',
  'lbs?',
  'ounces?',
  'oz',
  'students?',
  'soldiers?',
  'men',
  'women',
  'man',
  'woman',
  'people',
  'meals?',
  'edges?',
  'monkeys?',
  'tiles?',
  'coins?',
  'toys?',
  'apples?',
  'pies?',
  'marks?',
  'rounds',
  'ways?',
  'multiples?',
  'numbers?',
  'cents?',
  'dollars?',
  'rupees?',
  'rs\\.?',
  'gallons?',
  'gal',
  'acres?',
  'hectares?',
  'lit(?:er|re)s?',
  'met(?:er|re)s?',
  '(?:kilo|centi|milli|deci)met(?:er|re)s?',
  '(?:kilo|milli)?grams?',
  'gm',
  'kg',
  'mg',
  'km',
  'cm',
  'mm',
  'dm',
  'ml',
  'ohms?',
  'units?',
  'cubes?',
  'cc',
  'years?',
  'yr',
  'months?',
  'weeks?',
  'days?',
  'hours?',
  'hrs?',
  'minutes?',
  'mins?',
  'seconds?',
  'secs?',
  'am',
  'pm',
  'noon',
  'profit',
  'loss',
  'gain',
  'excess',
  'increase',
  'decrease',
  'more',
  'less',
  'east',
  'west',
  'north',
  'south',
  'th',
  'st',
  'nd',
  'rd',
].join('|');
const plainUnit = new RegExp(`(?<=\\d|\\}|\\s)\\s*((?:${units})(?:\\s*\\^?\\{?[23]\\}?)?)\\s*\\.?$`);
const wordUnits = [
  /\\(?:text|textbf|textit|textrm|textnormal|mbox|mathrm)\s?\{\s?([^{}]*?)\s?\}\s?(?:\^\{?\d\}?)?\s?\.?$/,
  /\\frac\s?\{\s?\\(?:text|mathrm)\s?\{([^{}]*)\}\s?\}\s?\{\s?\\(?:text|mathrm)\s?\{[^{}]*\}\s?\}\s?\.?$/,
];

function withoutUnit(latex: string): Normalized {
  for (const pattern of wordUnits) {
    const match = pattern.exec(latex);
    const rest =
      match === null ? '' : latex.slice(0, match.index).replace(/(?:\\[,;:! ]|~|\\q?quad|\s)+$/, '');
    // '\text{…}' after a relation or comma is an answer of its own: x = \text{even}.
    if (match !== null && rest !== '' && !leavesOpen.test(rest))
      return { ...withoutPlainUnit(rest), unit: match[1]! };
  }
  return withoutPlainUnit(latex);
}

const leavesOpen =
  /(?:[=<>,;:({[+*/^_-]|\\(?:in|frac|to|cdot|times|cup|text|leq?|geq?|neq?)(?![a-zA-Z]))\s*$/;

function withoutPlainUnit(latex: string): Normalized {
  const match = plainUnit.exec(latex);
  if (match === null || match.index === 0) return { latex };
  const rest = latex.slice(0, match.index).trim();
  return rest === '' || /\\[a-zA-Z]*$/.test(rest) ? { latex } : { latex: rest, unit: match[1]! };
}

/**
 * A number with a one-letter unit, without the letter: '5 m'. Only the gold answer can tell whether the letter is a
 * unit or a variable, so this is no part of normalizing.
 * @param apart the letter must stand apart from the number.
 */
export function withoutLetterUnit(latex: string, apart: boolean): string | undefined {
  return (apart ? /^(-?[\d.,]+)\s+[mghslt]$/ : /^(-?[\d.,]+)\s*[mghslt]$/).exec(latex)?.[1];
}

const synonyms: readonly (readonly [RegExp, string])[] = [
  [/^(?:m|met(?:er|re)s?)$/, 'm'],
  [/^(?:km|kilomet(?:er|re)s?)$/, 'km'],
  [/^(?:cm|centimet(?:er|re)s?)$/, 'cm'],
  [/^(?:mm|millimet(?:er|re)s?)$/, 'mm'],
  [/^(?:ft|foot|feet)$/, 'ft'],
  [/^inch(?:es)?$/, 'inch'],
  [/^(?:yd|yards?)$/, 'yd'],
  [/^miles?$/, 'mile'],
  [/^(?:kg|kilograms?)$/, 'kg'],
  [/^(?:g|gm|grams?)$/, 'g'],
  [/^(?:mg|milligrams?)$/, 'mg'],
  [/^(?:lbs?|pounds?)$/, 'lb'],
  [/^(?:oz|ounces?)$/, 'oz'],
  [/^(?:s|secs?|seconds?)$/, 's'],
  [/^(?:mins?|minutes?)$/, 'min'],
  [/^(?:h|hrs?|hours?)$/, 'h'],
  [/^days?$/, 'day'],
  [/^weeks?$/, 'week'],
  [/^months?$/, 'month'],
  [/^years?$/, 'year'],
  [/^(?:l|lit(?:er|re)s?)$/, 'l'],
  [/^ml$/, 'ml'],
  [/^cents?$/, 'cent'],
  [/^dollars?$/, 'dollar'],
];

/** True when both answers carry a known unit and the units differ: 5 m is not 5 km. */
export function unitsClash(a: string | undefined, b: string | undefined): boolean {
  const [first, second] = [knownUnit(a), knownUnit(b)];
  return first !== undefined && second !== undefined && first !== second;
}

function knownUnit(unit: string | undefined): string | undefined {
  const text = unit?.toLowerCase().trim();
  return text === undefined ? undefined : synonyms.find(([pattern]) => pattern.test(text))?.[1];
}
