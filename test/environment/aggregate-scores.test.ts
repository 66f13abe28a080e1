import { expect, test } from 'vitest';
import { grpoNormalizeThenSum } from '../../src/algorithm/advantage/grpo-normalize-then-sum.ts';
import { rewardMetrics, weightedRewards } from '../../src/environment/scoring/aggregate-scores.ts';

test('a reward that does not apply is left out of the sum, and none at all gives NaN', () => {
  const scores = [
    [1, null, null],
    [2, 3, null],
  ];
  expect(weightedRewards(scores, [0.5, 2])).toEqual([4.5, 6, Number.NaN]);
});

test('a function of weight 0 only measures: what it alone scored has no reward', () => {
  const scores = [
    [null, 1, null],
    [5, 5, 5],
  ];
  expect(weightedRewards(scores, [1, 0])).toEqual([Number.NaN, 1, Number.NaN]);
  const batch = { scores, weights: [1, 0], rewards: [], groups: [0, 0, 0] };
  expect(Array.from(grpoNormalizeThenSum.estimate(batch, {}).advantages as Float32Array)).toEqual([0, 0, 0]);
});

test('weights must match the functions', () => {
  expect(() => weightedRewards([[1]], [1, 1])).toThrow('2 reward weights for 1 reward functions');
});

test('metrics leave out what does not apply', () => {
  const scores = [
    [1, null, 3],
    [null, null, null],
  ];
  const metrics = rewardMetrics(scores, ['length', 'exact'], weightedRewards(scores, [1, 1]));
  expect(metrics).toEqual({
    'rewards/length/mean': 2,
    'rewards/length/std': Math.SQRT2,
    'rewards/exact/mean': Number.NaN,
    'rewards/exact/std': Number.NaN,
    reward: 2,
    reward_std: Math.SQRT2,
  });
});
