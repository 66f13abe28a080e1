/** What is used of an added token. */
interface AddedToken {
  readonly content: string;
  readonly lstrip: boolean;
  readonly rstrip: boolean;
  readonly single_word: boolean;
  readonly normalized: boolean;
}

interface Splitter {
  split(text: string): string[];
}

/** What is used of the library's tokenizer. */
export interface TextEncoding {
  encode_text: (text: string | null) => string[] | null;
  readonly added_tokens_map: ReadonlyMap<string, AddedToken>;
  readonly splitter_unnormalized: Splitter;
  readonly splitter_normalized: Splitter;
  readonly normalizer: ((text: string) => string) | null;
  readonly pre_tokenizer: ((text: string, options: { section_index: number }) => string[]) | null;
  readonly model: (pieces: readonly string[]) => string[];
}

/** A stretch of a text: an added token, or text between them. */
interface Section {
  readonly text: string;
  readonly token?: AddedToken;
}

/**
 * Puts in place of the library's `encode_text` one that finds added tokens as tokenizers does: a token of `single_word`
 * is none inside of a word, one that is not normalized is not found in normalized text, white space beside a token is
 * Unicode's, and only the first stretch of a text begins with the prefix of scheme "first".
 */
export function mendEncodeText(library: TextEncoding): void {
  const { added_tokens_map: added, normalizer, pre_tokenizer: preTokenizer, model } = library;
  // Only these are looked for in normalized text.
  const normalizedTokens = new Map([...added].filter(([, token]) => token.normalized));
  const pieces = (text: string, isFirst: boolean): string[] => {
    const cut = preTokenizer === null ? [text] : preTokenizer(text, { section_index: isFirst ? 0 : 1 });
    return model(cut);
  };
  library.encode_text = (text) =>
    text === null
      ? null
      : sections(text, library.splitter_unnormalized, added).flatMap((section, i) => {
          if (section.token !== undefined) return [section.token.content];
          const normalized = normalizer === null ? section.text : normalizer(section.text);
          return sections(normalized, library.splitter_normalized, normalizedTokens).flatMap(
            ({ text, token }, j) =>
              token === undefined ? pieces(text, i === 0 && j === 0) : [token.content],
          );
        });
}

/** Unicode's white space, which is not JavaScript's. */
const SPACE = '[\\t-\\r\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]';
const spaceAtStart = new RegExp(`^${SPACE}+`);
const spaceAtEnd = new RegExp(`(?<!${SPACE})${SPACE}+$`);
const WORD = '[\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\u200c\\u200d]';
const wordAtStart = new RegExp(`^${WORD}`, 'u');
const wordAtEnd = new RegExp(`${WORD}$`, 'u');

/** Cuts a text at added tokens. Text between them loses the white space that they take; empty stretches are left out. */
function sections(text: string, splitter: Splitter, added: ReadonlyMap<string, AddedToken>): Section[] {
  let at = 0;
  const found: Section[] = [];
  let plain = '';
  const flush = () => {
    if (plain !== '') found.push({ text: plain });
    plain = '';
  };
  for (const part of splitter.split(text)) {
    const end = at + part.length;
    const token = added.get(part);
    if (token === undefined || (token.single_word && inWord(text, at, end))) plain += part;
    else {
      if (token.lstrip) plain = plain.replace(spaceAtEnd, '');
      flush();
      found.push({ text: part, token });
    }
    at = end;
  }
  flush();
  return found.flatMap((section, i) => afterToken(section, found[i - 1]?.token));
}

const inWord = (text: string, start: number, end: number): boolean =>
  wordAtEnd.test(text.slice(0, start)) || wordAtStart.test(text.slice(end));

/** A stretch without the white space that the token before it takes. */
function afterToken(section: Section, before: AddedToken | undefined): Section[] {
  if (before?.rstrip !== true || section.token !== undefined) return [section];
  const text = section.text.replace(spaceAtStart, '');
  return text === '' ? [] : [{ text }];
}
