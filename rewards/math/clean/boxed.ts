import type { Span } from './spans.ts';

/**
 * The contents of \boxed{…} and \fbox{…}, joined by commas; the text itself where there is none.
 * 'last' reads from the right and stops where the box before is no part of the same answer: boxes belong together
 * when they are close, or a little further apart with a comma, semicolon, 'and' or 'or' between, and no words that take
 * the first one back. Boxes with nothing in them count for nothing.
 */
export function boxedContents(text: string, mode: 'last' | 'all'): string {
  const contents: string[] = [];
  const last = lastFilled(text);
  if (last === undefined) return text;
  let box: Box | undefined = last;
  let following: number | undefined;
  while (box !== undefined) {
    if (box.content === undefined) {
      // A box without braces, or never closed: it counts only as the last one.
      if (contents.length === 0) contents.push(text.slice(box.open));
      break;
    }
    const { start, close, content } = box;
    if (mode === 'last' && following !== undefined) {
      if (!belongsTogether(text.slice(close + 1, following), content === contents.at(-1))) break;
    }
    if (content !== '' && contents.at(-1) !== content) contents.push(content);
    following = start;
    box = boxBefore(text, start);
  }
  return joined(contents.reverse());
}

/** Joined by commas; boxes of 100 and 200 are no number of six digits. */
const joined = (contents: readonly string[]): string =>
  contents.map((next, i) => (i === 0 ? '' : /^\d{3}(?!\d)/.test(next) ? ', ' : ',') + next).join('');

/** The last box that holds something; the last of all where none does. An empty one is only spoken of. */
function lastFilled(text: string): Box | undefined {
  const last = boxBefore(text, text.length);
  for (let box = last; box !== undefined; box = boxBefore(text, box.start))
    if (box.content !== '') return box;
  return last;
}

/** Where the last box stands, its command and braces included. */
export function lastBox(text: string): Span | undefined {
  const box = lastFilled(text);
  return box && { start: box.start, end: box.close + 1 };
}

const takesBack = 'but|wait|no|not|actually|instead|rather|sorry|correct(?:ed|ion)?|wrong';
const concludes = String.raw`so|thus|hence|therefore|then|gets?|gives?|becomes?|simplif\w*|yields?`;
const arrow = String.raw`->|[→⇒]|\\(?:to|implies|Rightarrow|rightarrow)(?![a-zA-Z])`;
/** Words between two boxes that take the first back or work on from it: so \boxed{4}, we get \boxed{4}. */
const goesOn = new RegExp(String.raw`\b(?:${takesBack}|${concludes})\b|${arrow}`, 'i');
/** A sentence ends, and words stand before or after its end. */
const newSentence = /[.!?:][\s$]+[a-zA-Z]|[a-zA-Z][.!?](?:\s|$)/;

function belongsTogether(between: string, same: boolean): boolean {
  if (/^[ \t\n]+$/.test(between) || goesOn.test(between) || newSentence.test(between)) return false;
  const isList = /\b(?:and|or)\b|,|;/.test(between);
  if (between.length < 10) return isList || !/[a-zA-Z]{3}/.test(between);
  return !same && between.length < 70 && isList;
}

/** Without the spaces around it; the one in '12\\ ' belongs to a command. */
const trimmed = (content: string): string => {
  const text = content.trim();
  return /(?<!\\)\\$/.test(text) && /\s$/.test(content) ? `${text} ` : text;
};

interface Box {
  readonly start: number;
  /** Index of the opening brace, or of what stands in its place. */
  readonly open: number;
  readonly close: number;
  readonly content: string | undefined;
}

function boxBefore(text: string, end: number): Box | undefined {
  if (end <= 0) return undefined;
  const start = Math.max(text.lastIndexOf('\\boxed', end - 6), text.lastIndexOf('\\fbox', end - 5));
  if (start < 0) return undefined;
  let open = start + (text.startsWith('\\boxed', start) ? 6 : 5);
  while (open < end && /\s/.test(text[open]!)) open++;
  if (open >= end) return undefined;
  if (text[open] !== '{') return { start, open, close: open, content: undefined };
  let depth = 0;
  for (let i = open; i < end; i++) {
    if (text[i] === '{') depth++;
    else if (text[i] === '}' && --depth === 0)
      return { start, open, close: i, content: trimmed(text.slice(open + 1, i)) };
  }
  return { start, open, close: end, content: undefined };
}
