import { describe, expect, test } from 'vitest';
import { sampleTexts } from '../../../src/policy/batch/sample-texts.ts';
import type { ScoredText } from '../../../src/policy/batch/train-rows.ts';
import { randomStream } from '../../../src/random.ts';

const ids = (length: number) => Array.from({ length }, (_, i) => i);

/** 6 prompts of 4 texts of 1 to 100 tokens; some tokens are not the policy's own. */
const texts: ScoredText[] = Array.from({ length: 24 }, (_, b) => {
  const length = 1 + ((b * b * 37) % 100);
  const mask = ids(length).map((t) => (t % 7 === 3 ? 0 : 1));
  return { group: Math.floor(b / 4), promptIds: ids(10 + b), tokenIds: ids(length), mask };
});
/** What is measured at each token: it grows along a text, so that long texts differ from short ones. */
const measure = (t: number) => 1 + t * t;

/** The mean that `AnnealKl.measure` takes: weighted by the masks. */
function weightedMean(of: readonly ScoredText[]): number {
  let [sum, weights] = [0, 0];
  for (const { mask } of of) {
    for (const [t, m] of mask.entries()) {
      sum += m * measure(t);
      weights += m;
    }
  }
  return sum / weights;
}
const forwarded = (of: readonly ScoredText[]) =>
  of.reduce((sum, { promptIds, tokenIds }) => sum + promptIds.length + tokenIds.length, 0);
const draw = (tokens: number | undefined, seed: number) =>
  sampleTexts(texts, { tokens, random: randomStream(seed, 'draw') });

describe('a sample of texts', () => {
  test.each([1, 150, 400, 900])('of about %i tokens has the mean of all tokens on average', (tokens) => {
    const draws = Array.from({ length: 4000 }, (_, seed) => weightedMean(draw(tokens, seed)));
    const mean = draws.reduce((sum, x) => sum + x, 0) / draws.length;
    const variance = draws.reduce((sum, x) => sum + (x - mean) ** 2, 0) / draws.length;
    const standardError = Math.sqrt(variance / draws.length);
    expect(Math.abs(mean - weightedMean(texts))).toBeLessThan(4 * standardError);
    // The texts differ enough for that to say something.
    expect(standardError).toBeLessThan(0.02 * mean);
    expect(variance).toBeGreaterThan(0);
  });

  test.each([150, 400, 900])('takes about %i tokens', (tokens) => {
    const sizes = Array.from({ length: 400 }, (_, seed) => forwarded(draw(tokens, seed)));
    const mean = sizes.reduce((sum, x) => sum + x, 0) / sizes.length;
    expect(mean).toBeLessThanOrEqual(tokens);
    expect(mean).toBeGreaterThan(tokens / 2);
  });

  test('is the batch itself where the batch has no more tokens', () => {
    expect(draw(100_000, 1)).toBe(texts);
    const few = texts.slice(0, 3);
    expect(sampleTexts(few, { random: randomStream(1, 'draw') })).toBe(few);
    expect(draw(undefined, 1).length).toBeLessThan(texts.length);
  });

  test('is one text at least, the same for the same seed, and others for others', () => {
    expect(draw(1, 7)).toHaveLength(1);
    expect(draw(1, 7)).toEqual(draw(1, 7));
    expect(
      new Set(Array.from({ length: 50 }, (_, seed) => draw(1, seed)[0]!.promptIds.length)).size,
    ).toBeGreaterThan(5);
  });

  test('never is a text without tokens of the policy', () => {
    const silent = texts.map((text, b) => (b % 2 === 0 ? { ...text, mask: text.mask.map(() => 0) } : text));
    for (let seed = 0; seed < 200; seed++) {
      for (const { mask } of sampleTexts(silent, { tokens: 200, random: randomStream(seed, 'draw') }))
        expect(mask.some((m) => m > 0)).toBe(true);
    }
  });
});
