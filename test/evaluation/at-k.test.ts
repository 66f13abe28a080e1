import { describe, expect, test } from 'vitest';
import { majority, passAt, passLevels } from '../../src/evaluation/at-k.ts';

/** Every choice of k of n things. */
function* choices(n: number, k: number, from = 0): Generator<number[]> {
  if (k === 0) {
    yield [];
    return;
  }
  for (let i = from; i <= n - k; i++) for (const rest of choices(n, k - 1, i + 1)) yield [i, ...rest];
}

describe('pass@k', () => {
  test('is the share of all choices of k samples with a right one among them', () => {
    for (const samples of [1, 4, 7]) {
      for (let right = 0; right <= samples; right++) {
        for (let k = 1; k <= samples; k++) {
          const all = [...choices(samples, k)];
          const passed = all.filter((chosen) => chosen.some((i) => i < right)).length;
          expect(passAt(k, { samples, right }), `${right} of ${samples}, k ${k}`).toBeCloseTo(
            passed / all.length,
            12,
          );
        }
      }
    }
  });

  test('of many samples does not lose itself in large numbers', () => {
    expect(passAt(1, { samples: 1000, right: 250 })).toBeCloseTo(0.25, 12);
    expect(passAt(500, { samples: 1000, right: 1 })).toBeCloseTo(0.5, 12);
    expect(passAt(1000, { samples: 1000, right: 1 })).toBe(1);
  });

  test('is told of at the powers of 2 and at n', () => {
    expect([1, 2, 6, 16].map(passLevels)).toEqual([[1], [1, 2], [1, 2, 4, 6], [1, 2, 4, 8, 16]]);
  });
});

describe('maj@n', () => {
  const votes = (text: string) =>
    [...text].map((letter) => ({
      answer: letter === '-' ? undefined : letter.toLowerCase(),
      right: letter !== letter.toLowerCase(),
    }));

  // Capitals are right answers, - is none.
  test.each([
    ['AAb', 1],
    ['Abb', 0],
    ['Ab', 0.5],
    ['AbCc', 0.5],
    ['A----', 1],
    ['bbAA', 0.5],
    ['bcA', 1 / 3],
    ['---', 0],
    ['', 0],
  ])('of %s is %s', (text, expected) => {
    expect(majority(votes(text))).toBeCloseTo(expected, 12);
  });
});
