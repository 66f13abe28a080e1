import type { Span } from './spans.ts';

/**
 * The contents of \boxed{…} and \fbox{…}, joined by commas; the text itself where there is none.
 * 'last' reads from the right and stops where the box before is no part of the same answer: boxes belong together
 * when they are close, or a little further apart with a comma, semicolon, 'and' or 'or' between.
 */
export function boxedContents(text: string, mode: 'last' | 'all'): string {
  const contents: string[] = [];
  let end = text.length;
  let following: number | undefined;
  for (;;) {
    const found = boxBefore(text, end);
    if (found === undefined) break;
    if (found.content === undefined) {
      // A box without braces, or never closed: it counts only as the last one.
      if (contents.length === 0) contents.push(text.slice(found.open));
      break;
    }
    const { start, close, content } = found;
    if (mode === 'last' && following !== undefined) {
      if (!belongsTogether(text.slice(close + 1, following), content === contents.at(-1))) break;
    }
    if (contents.at(-1) !== content) contents.push(content);
    following = start;
    end = start;
  }
  return contents.length === 0 ? text : contents.reverse().join(',');
}

/** Where the last box stands, its command and braces included. */
export function lastBox(text: string): Span | undefined {
  const box = boxBefore(text, text.length);
  return box && { start: box.start, end: box.close + 1 };
}

function belongsTogether(between: string, same: boolean): boolean {
  return between.length < 10 || (!same && between.length < 70 && /\b(?:and|or)\b|,|;/.test(between));
}

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
      return { start, open, close: i, content: text.slice(open + 1, i).trim() };
  }
  return { start, open, close: end, content: undefined };
}
