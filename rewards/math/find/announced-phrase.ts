/** The words that announce an answer, and what they announce. */

const noun = String.raw`\b(?:answers?|solutions?|roots?|results?)\b`;
/** 'is' within a few words of the noun, or a colon right behind it. */
const verb = String.raw`(?:[^\n.:=$\\]{0,60}?\s(?:is|are)\b|(?:\*\*)?\s?[:=])`;
const announcement = new RegExp(String.raw`####|${noun}${verb}(?:\*\*)?[ \t]*:?[ \t]*\n{0,2}`, 'gi');
/** Characters of a phrase that are looked at. */
const LONGEST = 160;

export interface Phrase {
  readonly text: string;
  /** The rest of the line, reasons and all. */
  readonly line: string;
  /** It stands behind '####': nothing but an answer does. */
  readonly marked: boolean;
}

/** The rest of the sentence behind the last announcement. */
export function announcedPhrase(text: string): Phrase | undefined {
  const last = [...text.matchAll(announcement)].at(-1);
  if (last === undefined) return undefined;
  const start = last.index + last[0].length;
  const rest = text.slice(start, start + LONGEST).trimStart();
  return {
    text: undecorated(sentence(rest)),
    line: undecorated(rest.split('\n', 1)[0]!),
    marked: last[0] === '####',
  };
}

const reason = 'because|since|which|where|so|as|when|hence|thus|for|at|if|with|given';
const ending = new RegExp(String.raw`[.!?](?=\s|$)|,?\s(?:${reason})\b|\.?\sI hope`);

/** The text up to the end of its first line or sentence, reasons left out. */
function sentence(text: string): string {
  const line = text.split('\n', 1)[0]!;
  // What stands between delimiters is no prose.
  if (/\$[^$]+\$|\\[([]/.test(line)) return line;
  return line.slice(0, ending.exec(line)?.index ?? line.length);
}

const adverb = 'approximately|about|exactly|simply|just|therefore|thus|both|either';
const decoration = new RegExp(`^(?:[\\s*_\`"“”‘’]|(?:${adverb})\\s)+|[\\s*_\`"“”’.,;:!]+$`, 'g');
const undecorated = (text: string): string => text.replace(decoration, '');
