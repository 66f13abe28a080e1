import type { Span } from '../clean/spans.ts';

/**
 * Finds literal answers ('A', 'yes') by priority, as Math-Verify does: the string stands after a space or the
 * start, perhaps in **bold**, and before a full stop, comma, colon, space or the end.
 */
export function stringMatches(
  text: string,
  { strings, tryExtractWithoutAnchor }: { strings: readonly string[]; tryExtractWithoutAnchor: boolean },
): [priority: number, matches: (Span & { key: string })[]][] {
  const key = `(?<key>${strings.map(escaped).join('|')})`;
  const after = String.raw`(?:\*\*)?(?:[.,:\s]|$)`;
  const standing = String.raw`(?:^|\s)(?:\*\*)?${key}${after}`;
  const patterns: [number, string][] = [
    [0, String.raw`${anyCase('final answer is')}:?\s*${key}\.?\s?I hope`],
    [50, String.raw`${anyCase('final answer')}.{0,100}?\s+is:?\s*${key}`],
    [100, `${anyCase('answer')}:.{0,50}?${standing}`],
    [200, `${anyCase('answer')}.{0,50}?${standing}`],
  ];
  if (tryExtractWithoutAnchor) patterns.push([250, String.raw`^(?:\*\*)?${key}${after}`], [300, standing]);
  return patterns.map(([priority, pattern]) => [
    priority,
    [...text.matchAll(new RegExp(pattern, 'g'))].map((match) => ({
      start: match.index,
      end: match.index + match[0].length,
      key: match.groups!.key!,
    })),
  ]);
}

const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
const anyCase = (words: string) => words.replace(/[a-z]/g, (letter) => `[${letter}${letter.toUpperCase()}]`);
