import type { RandomStream } from '../../random.ts';
import type { ScoredText } from './train-rows.ts';

/** What is drawn where nobody says: a share of the batch's tokens, but at least so many. */
const [SHARE, LEAST] = [1 / 32, 512];

export interface SampleSize {
  /** Tokens to forward, prompts included: a 32nd of the batch's when left out, and at least 512. */
  readonly tokens?: number | undefined;
  readonly random: RandomStream;
}

/**
 * Draws texts for a mean over all tokens of a batch that is too dear to measure on all of them. A batch of no more
 * tokens than asked for comes back as it is.
 *
 * Draws are systematic: K places at equal distances, from a random start, on the line of all masked tokens, which hit
 * text i with K·nᵢ/N expected draws. The mean over the draws of their texts' means is then unbiased. The masks of the
 * texts drawn are scaled so that a mean weighted by them is that one. K comes from the lengths, so that about `tokens`
 * are forwarded on average; it is at least 1.
 */
export function sampleTexts(
  texts: readonly ScoredText[],
  { tokens, random }: SampleSize,
): readonly ScoredText[] {
  const counts = texts.map(({ mask }) => mask.reduce((sum, m) => sum + m, 0));
  const total = counts.reduce((sum, count) => sum + count, 0);
  const forwarded = tokensOf(texts);
  const wanted = tokens ?? Math.max(LEAST, SHARE * forwarded);
  if (forwarded <= wanted || total === 0) return texts;
  const ofOneDraw = texts.reduce((sum, text, i) => sum + (counts[i]! / total) * lengthOf(text), 0);
  const draws = Math.max(1, Math.floor(wanted / ofOneDraw));
  const hits = systematic(counts, { draws, total, start: random.next() });
  return texts.flatMap((text, i) =>
    hits[i] === 0 ? [] : [{ ...text, mask: text.mask.map((m) => (m * hits[i]!) / counts[i]!) }],
  );
}

const lengthOf = ({ promptIds, tokenIds }: ScoredText) => promptIds.length + tokenIds.length;

/** Tokens that forwarding all texts takes: the prompt of a group counts once. */
function tokensOf(texts: readonly ScoredText[]): number {
  return texts.reduce((sum, text, i) => {
    const shared = i > 0 && texts[i - 1]!.group === text.group;
    return sum + (shared ? text.tokenIds.length : lengthOf(text));
  }, 0);
}

/** How often each stretch of a line is hit by places at equal distances; `start`, in [0, 1), shifts them. */
function systematic(
  counts: readonly number[],
  { draws, total, start }: { readonly draws: number; readonly total: number; readonly start: number },
): number[] {
  let [end, hit] = [0, 0];
  return counts.map((count) => {
    end += count;
    const before = hit;
    while (hit < draws && ((start + hit) * total) / draws < end) hit++;
    return hit - before;
  });
}
