import { describe, expect, test } from 'vitest';
import { normal, randomStream } from '../../src/random.ts';
import { chain } from '../../src/rollout/processors/index.ts';
import { repetitionPenalty } from '../../src/rollout/processors/repetition-penalty.ts';
import { logSoftmax } from './log-softmax.ts';

const random = randomStream(0, 'processors');
const row = (size: number, spread: number) =>
  Float32Array.from({ length: size }, () => spread * normal(random));
const kept = (logits: Float32Array) =>
  Array.from(logits).flatMap((logit, id) => (logit === Number.NEGATIVE_INFINITY ? [] : [id]));

/** Nucleus by the textbook: sort everything, keep the shortest head whose tail weighs at most 1 − p. */
function nucleus(logits: Float32Array, p: number): number[] {
  const ids = Array.from(logits.keys()).sort((a, b) => logits[a]! - logits[b]!);
  const probabilities = Array.from(logSoftmax(logits), Math.exp);
  let removed = 0;
  while (ids.length > 1 && removed + probabilities[ids[0]!]! <= 1 - p)
    removed += probabilities[ids.shift()!]!;
  return ids.sort((a, b) => a - b);
}

describe.each([0.3, 2, 8])('logits of spread %s', (spread) => {
  test.each([0.05, 0.5, 0.9, 0.99])('topP %s keeps what a full sort keeps', (p) => {
    const logits = row(3001, spread);
    const want = nucleus(logits, p);
    chain([['topP', p]])(logits, []);
    expect(kept(logits)).toEqual(want);
  });

  test.each([1, 2, 7, 500, 2999])('topK %s keeps that many', (k) => {
    const logits = row(3000, spread);
    const want = Array.from(logits.keys())
      .sort((a, b) => logits[b]! - logits[a]!)
      .slice(0, k)
      .sort((a, b) => a - b);
    chain([['topK', k]])(logits, []);
    expect(kept(logits)).toEqual(want);
  });

  test.each([0.01, 0.3, 1])('minP %s keeps tokens of at least that share of the best', (share) => {
    const logits = row(2000, spread);
    const probabilities = Array.from(logSoftmax(logits), Math.exp);
    const least = share * Math.max(...probabilities) * (1 - 1e-6);
    chain([['minP', share]])(logits, []);
    expect(kept(logits)).toEqual(probabilities.flatMap((p, id) => (p >= least ? [id] : [])));
  });
});

test.each([
  ['topK', 0],
  ['topP', 1],
  ['minP', 0],
] as const)('%s %s changes nothing', (name, value) => {
  const logits = row(50, 1);
  const before = logits.slice();
  chain([[name, value]])(logits, [3, 4]);
  expect(logits).toEqual(before);
});

test('the most likely token always stays', () => {
  const logits = Float32Array.of(0, 5, 1);
  chain([['topP', 1e-9]])(logits, []);
  expect(kept(logits)).toEqual([1]);
});

test('repetition is penalised once an id, however often it occurred', () => {
  const logits = Float32Array.of(2, -2, 1);
  repetitionPenalty(2)(logits, [0, 1, 1, 0, 1]);
  expect(Array.from(logits)).toEqual([1, -4, 1]);
});

test('processors apply in the order given', () => {
  const first = Float32Array.of(0.4, 0.35, 0.25).map(Math.log);
  const last = first.slice();
  chain([
    ['topK', 2],
    ['topP', 0.5],
  ])(first, []);
  chain([
    ['topP', 0.5],
    ['topK', 2],
  ])(last, []);
  expect([kept(first), kept(last)]).toEqual([[0], [0, 1]]);
});
