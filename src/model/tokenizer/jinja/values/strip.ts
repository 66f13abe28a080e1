/** What `str.isspace` holds to be white space: U+0085 and the separators U+001C to U+001F are, U+FEFF is not. */
export const SPACE = '\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';

/** The text without such characters, of `chars` or white space, at its ends, as Python's `str.strip`. */
export function strip(text: string, side: 'strip' | 'lstrip' | 'rstrip', chars?: string): string {
  const some = chars === undefined ? `[${SPACE}]` : `[${chars.replace(/[\\\]^-]/g, '\\$&')}]`;
  if (chars === '') return text;
  const left = side === 'rstrip' ? text : text.replace(new RegExp(`^${some}+`, 'u'), '');
  return side === 'lstrip' ? left : withoutEnd(left, new RegExp(some, 'u'));
}

/** One character after the other: a pattern for the end of a text is tried at each of its places. */
function withoutEnd(text: string, some: RegExp): string {
  const characters = [...text];
  while (characters.length > 0 && some.test(characters.at(-1)!)) characters.pop();
  return characters.join('');
}
