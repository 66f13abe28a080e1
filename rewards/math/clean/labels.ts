import { withoutSpaceAround } from './typeset-space.ts';

/** Words in front of an answer that name it: \text{Total: }12, \text{maximum value } 12, \max f = 12. */

/** 'not', 'minus', 'at least' and other words that change what follows are none. */
const nouns = [
  'answer|answers|result|total|sum|product|area|volume|length|width|height|perimeter|distance|values?|maximum|minimum',
  'max|min|greatest|largest|smallest|possible|probability|number|count|solutions?|cost|price|time|speed|age|angle',
  'average|mean|median|remainder|final|the|an?|our|of|is|are|equals|so|thus|hence|therefore|exactly',
].join('|');
const label = new RegExp(
  String.raw`^\\(?:text|textbf|textit|textrm|textnormal|mbox|mathrm)\s?\{\s*(?:(?:${nouns})\b\s*){1,6}[:=]?\s*\}\s*[:=]?\s*(?=[^\s=:<>])`,
  'i',
);
const argument = String.raw`(?:\\?[a-zA-Z]\w?|[a-zA-Z]\([^()]{1,20}\)|\{[^{}]{1,20}\}|\([^()]{1,20}\))`;
const extremum = new RegExp(
  String.raw`^\\(?:max|min|sup|inf)(?:_\s?(?:\{[^{}]{0,40}\}|\w))?\s?${argument}?\s?=(?=[^=]+$)`,
);

export function withoutLabel(latex: string): string {
  const rest = latex
    .replace(/^[:=]\s?(?=[^=:\s])/, '')
    .replace(extremum, '')
    .replace(label, '');
  return /[\da-zA-Z]/.test(rest) ? withoutSpaceAround(rest) : latex;
}
