/**
 * A text from a file, for an error message: control characters escaped, so that the message stays one line, and cut
 * after `most` characters.
 */
export function shown(text: string, most = 200): string {
  const cut = text.length <= most ? text : `${text.slice(0, most)}… (${text.length} characters)`;
  return cut.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (character) => {
    const code = character.codePointAt(0)!.toString(16).padStart(4, '0');
    return code.length > 4 ? `\\u{${code}}` : `\\u${code}`;
  });
}

/** The same in quotes. */
export const quoted = (text: string): string => `"${shown(text)}"`;
