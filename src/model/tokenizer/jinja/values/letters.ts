/** Letters as Python's `str` sees them. */

/** The first letter large, the others small. */
export const capitalize = (text: string): string => {
  const [first = '', ...rest] = text;
  return first.toUpperCase() + lower(rest.join(''));
};

/** The first letter of every run of letters large, the others small. */
export const title = (text: string): string =>
  text.replace(/[\p{Lowercase}\p{Uppercase}\p{Lt}]+/gu, capitalize);

export const lower = (text: string): string => text.toLowerCase();
export const upper = (text: string): string => text.toUpperCase();

const large = /[\p{Uppercase}\p{Lt}]/u;
const small = /\p{Lowercase}/u;

/** Whether there are letters of a case, and none of the other. */
export const isLower = (text: string): boolean => small.test(text) && !large.test(text);
export const isUpper = (text: string): boolean => large.test(text) && !small.test(text);

export const swapCase = (text: string): string =>
  [...text].map((c) => (large.test(c) ? c.toLowerCase() : small.test(c) ? c.toUpperCase() : c)).join('');

/** Tests of all characters of a text, of which there must be one. */
export const all = (pattern: string) => {
  const whole = new RegExp(`^(?:${pattern})+$`, 'u');
  return (text: string): boolean => whole.test(text);
};

/** Ends of lines for `str.splitlines`. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: separators that Python counts as ends of lines
const LINE_END = /\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]/g;

/** Lines without, or with, their ends. A text that ends with one has no empty line after it. */
export function splitLines(text: string, keepEnds = false): string[] {
  const lines: string[] = [];
  let start = 0;
  for (const { 0: end, index } of text.matchAll(LINE_END)) {
    lines.push(text.slice(start, keepEnds ? index + end.length : index));
    start = index + end.length;
  }
  return start < text.length ? [...lines, text.slice(start)] : lines;
}
