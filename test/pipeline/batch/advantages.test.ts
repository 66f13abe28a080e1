import { describe, expect, test } from 'vitest';
import { advantages, rolloutsOfPrompt } from './scored-rollouts.ts';

const prompts = [
  rolloutsOfPrompt([
    [1, 1],
    [3, 0],
  ]),
  rolloutsOfPrompt([
    [2, 0.5],
    [2, 0.5],
  ]),
];

describe('advantages are the algorithm’s own, or those asked for', () => {
  test('grpo, dr_grpo, rloo, reinforce, opo', () => {
    expect(advantages({}, prompts).advantages[0]).toBeCloseTo(0.5 / (Math.SQRT1_2 + 1e-4), 5);
    expect(advantages({ compat: 'verl' }, prompts).advantages[0]).toBeCloseTo(0.5 / (Math.SQRT1_2 + 1e-6), 5);
    expect(advantages({ name: 'dr_grpo' }, prompts).advantages).toEqual([0.5, -0.5, 0, 0]);
    expect(advantages({ name: 'rloo' }, prompts).advantages).toEqual([1, -1, 0, 0]);
    expect(advantages({ name: 'reinforce' }, prompts).advantages).toEqual([1, 0, 0.5, 0.5]);
    // Weighted by length the mean reward is 1/4.
    expect(advantages({ advantage: { estimator: 'opo' } }, prompts).advantages).toEqual([0.75, -0.25, 0, 0]);
  });

  test('with options', () => {
    const advantage = { estimator: 'gpg', norm: 2 } as const;
    expect(advantages({ advantage }, prompts).advantages).toEqual(
      [(4 / 3) * 0.25, (4 / 3) * -0.25, 0, 0].map(Math.fround),
    );
  });

  test('from each reward by itself with rewardAggregation', () => {
    const [high, low] = advantages({ rewardAggregation: 'normalise-then-sum' }, prompts).advantages;
    expect(high).toBeCloseTo(-low!, 5);
    // Both rewards are ±1/√2 in their group; the sum, ±√2 in one of two groups, is whitened over the batch.
    expect(high).toBeCloseTo(Math.SQRT2 / Math.sqrt(4 / 3), 3);
  });

  test('of each token, where the estimator gives them so, with their mean', () => {
    const estimated = advantages({ advantage: { estimator: 'reinforce_plus_plus', gamma: 0.5 } }, prompts);
    const rows = estimated.tokenAdvantages.map((row) => row!);
    expect(rows.map((row) => row.length)).toEqual([1, 3, 2, 2]);
    const all = rows.flat();
    expect(all.reduce((sum, x) => sum + x, 0)).toBeCloseTo(0, 5);
    expect(rows[2]![1]! > rows[2]![0]!).toBe(true);
    expect(estimated.advantages[2]).toBeCloseTo((rows[2]![0]! + rows[2]![1]!) / 2, 6);
  });

  test('against the greedy completion’s reward (remax)', () => {
    const withBaseline = rolloutsOfPrompt(
      [
        [2, 1],
        [1, 0],
      ],
      { baseline: 0.25 },
    );
    const remax = { advantage: { estimator: 'remax' } } as const;
    expect(advantages(remax, [withBaseline]).tokenAdvantages).toEqual([[0.75, 0.75], [-0.25]]);
    expect(() => advantages(remax, prompts)).toThrow(/remax needs the reward of a greedy/);
  });

  test('of a completion that no reward applied to are 0', () => {
    const some = rolloutsOfPrompt([
      [2, 1],
      [2, Number.NaN],
      [2, 0],
    ]);
    for (const estimator of ['grpo', 'rloo', 'reinforce', 'reinforce_plus_plus', 'opo'] as const) {
      expect(advantages({ advantage: { estimator } }, [some]).advantages[1], estimator).toBe(0);
    }
  });
});

test('whatever the estimator, the share of groups without a difference is among the metrics', () => {
  for (const name of ['grpo', 'rloo', 'gpg'] as const) {
    expect(advantages({ name }, prompts).metrics).toMatchObject({
      frac_reward_zero_std: 0.5,
      reward: 0.5,
      'rewards/b/mean': 1,
      'completions/mean_length': 2,
    });
  }
});

test('lengths are those of what the policy wrote, without what a tool said', () => {
  const plain = rolloutsOfPrompt([
    [5, 1],
    [3, 0],
  ]);
  const [first, second] = plain;
  const told = [{ ...first!, completionMask: [1, 1, 0, 0, 1] }, second!];
  expect(advantages({}, [plain]).metrics['completions/mean_length']).toBe(4);
  expect(advantages({}, [told]).metrics).toMatchObject({
    'completions/mean_length': 3,
    'completions/max_length': 3,
  });
});
