import { SPACE, strip } from './strip.ts';
import { TemplateError } from './values.ts';

/** `str.split` and `str.rsplit`: at most `most` cuts, any number where it is negative. */
export function split(text: string, separator: string | undefined, most: number, fromEnd: boolean): string[] {
  if (separator === '') throw new TemplateError('empty separator');
  if (separator === undefined) return splitAtSpace(text, most, fromEnd);
  const parts = text.split(separator);
  if (most < 0 || parts.length <= most + 1) return parts;
  return fromEnd
    ? [parts.slice(0, parts.length - most).join(separator), ...parts.slice(parts.length - most)]
    : [...parts.slice(0, most), parts.slice(most).join(separator)];
}

/** Runs of white space count as one, and those at the ends as none. What is left uncut keeps its own. */
function splitAtSpace(text: string, most: number, fromEnd: boolean): string[] {
  const words: string[] = [];
  let rest = strip(text, fromEnd ? 'rstrip' : 'lstrip');
  const first = new RegExp(fromEnd ? `[^${SPACE}]+$` : `^[^${SPACE}]+`, 'u');
  while (rest !== '' && (most < 0 || words.length < most)) {
    const word = first.exec(rest)![0];
    words.push(word);
    rest = fromEnd
      ? strip(rest.slice(0, rest.length - word.length), 'rstrip')
      : strip(rest.slice(word.length), 'lstrip');
  }
  if (rest !== '') words.push(rest);
  return fromEnd ? words.reverse() : words;
}

/** `str.partition` and `str.rpartition`. */
export function partition(text: string, separator: string, fromEnd: boolean): [string, string, string] {
  if (separator === '') throw new TemplateError('empty separator');
  const at = fromEnd ? text.lastIndexOf(separator) : text.indexOf(separator);
  if (at < 0) return fromEnd ? ['', '', text] : [text, '', ''];
  return [text.slice(0, at), separator, text.slice(at + separator.length)];
}

/** `str.replace`: at most `most` times, any number where it is negative. */
export function replace(text: string, old: string, by: string, most: number): string {
  if (old !== '') {
    const parts = split(text, old, most, false);
    return parts.join(by);
  }
  const characters = [...text];
  const places = most < 0 ? characters.length + 1 : Math.min(most, characters.length + 1);
  const before = characters.map((c, i) => (i < places ? by : '') + c).join('');
  return before + (places > characters.length ? by : '');
}
