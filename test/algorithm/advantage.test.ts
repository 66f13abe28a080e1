import { describe, expect, test } from 'vitest';
import { estimatorNamed, estimators } from '../../src/algorithm/advantage/index.ts';
import { perToken } from '../../src/algorithm/advantage/outcome.ts';
import type { AdvantageBatch } from '../../src/algorithm/advantage/types.ts';
import { estimate } from './estimate.ts';

const NONE = Number.NaN;
const batch = (rewards: number[], groupSize: number): AdvantageBatch => ({
  rewards,
  groups: rewards.map((_, b) => Math.floor(b / groupSize)),
  scores: [rewards.map((reward) => (Number.isNaN(reward) ? null : reward))],
  weights: [1],
  mask: rewards.map(() => [1, 1, 1]),
  tokenRewards: rewards.map((reward) => [0, 0, reward]),
  values: rewards.map(() => [0, 0, 0]),
  baselines: rewards,
});

/** Estimators that give one advantage a completion, from rewards compared within a group. */
const grouped = [
  'grpo',
  'grpo_vectorized',
  'grpo_passk',
  'normalise-then-sum',
  'rloo',
  'rloo_vectorized',
  'opo',
  'gpg',
];

describe.each(grouped)('%s', (name) => {
  const advantages = (given: AdvantageBatch) => Array.from(estimate(name, given).advantages as Float32Array);

  test('a group with equal rewards gives zero advantage', () => {
    const all = advantages(batch([0.1, 0.1, 0.1, 0.1, 1, 0, 0, 1], 4));
    for (const advantage of all.slice(0, 4)) expect(Math.abs(advantage)).toBeLessThan(1e-6);
  });

  test('groups may be interleaved', () => {
    const together = advantages(batch([1, 0, 0.5, 3, 7, 2], 3));
    const apart = advantages({
      ...batch([1, 3, 0, 7, 0.5, 2], 6),
      groups: [0, 1, 0, 1, 0, 1],
    });
    [apart[0], apart[2], apart[4], apart[1], apart[3], apart[5]].forEach((advantage, i) => {
      expect(advantage).toBeCloseTo(together[i]!, 5);
    });
  });

  test('a completion that no reward applies to is left out and gets 0', () => {
    const all = advantages(batch([1, NONE, 0, 1, NONE, NONE, NONE, NONE], 4));
    expect(all[1]).toBe(0);
    expect(all.slice(4)).toEqual([0, 0, 0, 0]);
    expect(all.every(Number.isFinite)).toBe(true);
    expect(all.some((advantage) => advantage !== 0)).toBe(name !== 'grpo_passk');
  });
});

test('every estimator can be had by its name, and others are refused by a list of names', () => {
  for (const [name, estimator] of Object.entries(estimators)) {
    expect(estimatorNamed({ estimator: name })).toBe(estimator);
  }
  expect(() => estimatorNamed({ estimator: 'grop' })).toThrow(/unknown advantage estimator "grop".*grpo, /);
});

test('scaleRewards decides what a centred reward is divided by', () => {
  const given = batch([0, 1, 0, 10], 2);
  const grpo = (scaleRewards: 'group' | 'batch' | 'none') =>
    Array.from(estimate('grpo', given, { scaleRewards }).advantages as Float32Array);
  expect(grpo('none')).toEqual([-0.5, 0.5, -5, 5]);
  expect(grpo('group')[1]).toBeCloseTo(0.5 / (Math.SQRT1_2 + 1e-4), 5);
  expect(grpo('batch')[3]! / grpo('batch')[1]!).toBeCloseTo(10, 4);
});

test('frac_reward_zero_std is the share of completions whose group learns nothing', () => {
  expect(estimate('grpo', batch([1, 1, 0, 1], 2)).metrics).toEqual({ frac_reward_zero_std: 0.5 });
});

test('an advantage a completion is spread over its loss tokens only', () => {
  const spread = perToken({ advantages: Float32Array.of(2, -1), metrics: {} }, [
    [1, 1, 0],
    [0, 1, 0],
  ]);
  expect(spread.map((row) => Array.from(row))).toEqual([
    [2, 2, 0],
    [-0, -1, -0],
  ]);
});

test('an estimator says what it misses', () => {
  const { values: _, ...without } = batch([1, 0], 2);
  expect(() => estimate('gae', without)).toThrow(/gae needs value estimates/);
});

test('the only completion of a group that a reward applied to has nothing to be compared with: 0', () => {
  const alone = batch([5, NONE, NONE, 1, 0, 1], 3);
  for (const name of [...grouped, 'reinforce_plus_plus_baseline']) {
    const [first] = estimate(name, alone, { compat: 'verl' }).advantages;
    const values = typeof first === 'number' ? [first] : Array.from(first!);
    if (name === 'normalise-then-sum') continue;
    // Whitening shifts what is 0 by the mean of the batch.
    if (name === 'reinforce_plus_plus_baseline') expect(Math.abs(values[0]!)).toBeLessThan(1e-6);
    else expect(values).toEqual([0]);
  }
});

describe('reinforce_plus_plus over two turns with a tool’s words between', () => {
  const mask = [
    [1, 1, 0, 0, 1, 1],
    [1, 1, 0, 0, 1, 1],
  ];
  const tokenRewards = [
    [0, 0, 0, 0, 0, 1],
    [0, 0, 0, 0, 0, 0],
  ];
  const advantages = (compat: 'trl' | 'verl') =>
    estimate('reinforce_plus_plus', { ...batch([1, 0], 1), mask, tokenRewards }, { compat })
      .advantages as Float32Array[];

  test('credits the first turn, too', () => {
    const [good, bad] = advantages('trl');
    expect(good![0]).toBeCloseTo(good![5]!, 6);
    expect(good![0]).toBeGreaterThan(0);
    expect(bad![0]).toBeLessThan(0);
    expect(good![2]).toBe(0);
  });

  test('with compat verl does not: a masked token ends the return', () => {
    const [good, bad] = advantages('verl');
    expect(good![0]).toBe(bad![0]);
  });
});

test('what is whitened over a single token is 0', () => {
  const one = { ...batch([3], 1), mask: [[1]], tokenRewards: [[3]], values: [[1]] };
  for (const name of ['gae', 'reinforce_plus_plus', 'reinforce_plus_plus_baseline']) {
    expect(Array.from((estimate(name, one).advantages as Float32Array[])[0]!)).toEqual([0]);
  }
});
