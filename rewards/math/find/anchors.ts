import type { Span } from '../clean/spans.ts';

/** Where answers stand behind the words that announce them. Every search is a linear scan. */

/** 'final answer is …. I hope': the sentence that few-shot prompts of MATH teach. */
export function finalAnswerIs<S extends Span>(text: string, at: (index: number) => S | undefined): S[] {
  return afterAnswer(text, /final answer is:?\s*/gi, (from) => {
    const found = at(from);
    return found !== undefined &&
      /^\s?\.?\s?I hope/.test(
        text.slice(found.end - (/\s/.test(text[found.end - 1]!) ? 1 : 0), found.end + 12),
      )
      ? found
      : undefined;
  });
}

/** 'final answer (to the question) is …', the words between at most 100 characters. */
export function finalAnswerThenIs<S extends Span>(
  text: string,
  { at, spaces }: { at: (index: number) => S | undefined; spaces: boolean },
): S[] {
  const is = spaces ? /\s+is:?\s*/y : /\s+is:?/y;
  return afterAnswer(text, /final answer/gi, (from) => {
    for (let gap = 0; gap <= 100; gap++) {
      is.lastIndex = from + gap;
      const found = is.test(text) ? at(is.lastIndex) : undefined;
      if (found !== undefined) return found;
    }
    return undefined;
  });
}

/** For each anchor, what `follow` finds behind it; matches don't overlap. */
export function afterAnswer<S extends Span>(
  text: string,
  anchor: RegExp,
  follow: (from: number) => S | undefined,
): S[] {
  const found: S[] = [];
  for (let match = anchor.exec(text); match !== null; match = anchor.exec(text)) {
    const next = follow(anchor.lastIndex);
    if (next !== undefined) found.push({ ...next, start: match.index });
    anchor.lastIndex = next === undefined ? match.index + 1 : Math.max(next.end, match.index + 1);
  }
  return found;
}

export function within<S>(
  from: number,
  reach: number,
  text: string,
  { at, lines }: { at: (index: number) => S | undefined; lines: boolean },
): S | undefined {
  for (let index = from; index <= Math.min(from + reach, text.length); index++) {
    const found = at(index);
    if (found !== undefined) return found;
    if (!lines && text[index] === '\n') return undefined;
  }
  return undefined;
}

export function afterEquals<S>(
  text: string,
  from: number,
  at: (index: number) => S | undefined,
): S | undefined {
  const newline = text.indexOf('\n', from);
  const last = Math.min(from + 100, newline < 0 ? text.length : newline);
  for (let index = last; index >= from; index--) {
    if (text[index] !== '=') continue;
    for (
      let next = index + 1 + (/^\s*/.exec(text.slice(index + 1, index + 50))?.[0].length ?? 0);
      next > index;
      next--
    ) {
      const found = at(next);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}
