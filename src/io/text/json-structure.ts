// The structure of JSON text, of which JSON.parse says nothing.

/** How deep JSON may nest: what reads or writes it again may recurse. */
const MAX_DEPTH = 512;
/** Lists and objects that a text may have. The largest tokenizer.json in use has half a million. */
const MAX_COUNT = 1_500_000;

const [QUOTE, BACKSLASH, COLON] = [...'"\\:'].map((c) => c.charCodeAt(0)) as [number, number, number];
const opening = new Set([...'{['].map((c) => c.charCodeAt(0)));
const closing = new Set([...'}]'].map((c) => c.charCodeAt(0)));

/** What makes a text too costly to parse, if anything: its depth, or how many lists and objects it has. */
export function structureFault(text: string): string | undefined {
  let [depth, count] = [0, 0];
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) i = endOfString(text, i);
    else if (closing.has(code)) depth--;
    else if (opening.has(code)) {
      if (++depth > MAX_DEPTH) return `nests more than ${MAX_DEPTH} levels deep`;
      if (++count > MAX_COUNT) return `has more than ${MAX_COUNT} lists and objects`;
    }
  }
  return undefined;
}

/**
 * A key that an object of the outer two levels has twice; undefined where there is none. JSON.parse takes the last,
 * other readers the first. The text must be JSON.
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

/** Position of the quote that ends the string whose first quote is at `start`; the text's end where there is none. */
function endOfString(text: string, start: number): number {
  for (let i = start + 1; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === BACKSLASH) i++;
    else if (code === QUOTE) return i;
  }
  return text.length;
}

function nextCode(text: string, start: number): number {
  let i = start;
  while (' \t\r\n'.includes(text.charAt(i)) && i < text.length) i++;
  return text.charCodeAt(i);
}
