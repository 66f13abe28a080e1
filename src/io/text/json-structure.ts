/** Structure of JSON text that JSON.parse accepts in silence. Both functions take text that JSON.parse has accepted. */

const [QUOTE, BACKSLASH, COLON] = [...'"\\:'].map((c) => c.charCodeAt(0)) as [number, number, number];
const opening = new Set([...'{['].map((c) => c.charCodeAt(0)));
const closing = new Set([...'}]'].map((c) => c.charCodeAt(0)));

/** Whether lists and objects lie deeper within each other than `limit`. */
export function nestsDeeper(text: string, limit: number): boolean {
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) i = endOfString(text, i);
    else if (opening.has(code) && ++depth > limit) return true;
    else if (closing.has(code)) depth--;
  }
  return false;
}

/**
 * A key that an object of the outer two levels has twice; undefined where there is none. JSON.parse takes the last,
 * other readers the first.
 */
export function repeatedKey(text: string): string | undefined {
  const seen: Set<string>[] = [];
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (opening.has(code)) {
      depth++;
      if (depth <= 2) seen[depth] = new Set();
    } else if (closing.has(code)) depth--;
    if (code !== QUOTE) continue;
    const end = endOfString(text, i);
    if (depth <= 2 && nextCode(text, end + 1) === COLON) {
      const key: string = JSON.parse(text.slice(i, end + 1));
      if (seen[depth]!.has(key)) return key;
      seen[depth]!.add(key);
    }
    i = end;
  }
  return undefined;
}

/** Position of the quote that ends the string whose first quote is at `start`. */
function endOfString(text: string, start: number): number {
  for (let i = start + 1; ; i++) {
    const code = text.charCodeAt(i);
    if (code === BACKSLASH) i++;
    else if (code === QUOTE) return i;
  }
}

function nextCode(text: string, start: number): number {
  let i = start;
  while (' \t\r\n'.includes(text.charAt(i)) && i < text.length) i++;
  return text.charCodeAt(i);
}
