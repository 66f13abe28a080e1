import { describe, expect, test } from 'vitest';
import { group, judge } from './scored-rollouts.ts';

const groups = [
  group([
    [1, 1],
    [3, 0],
  ]),
  group([
    [2, 0.5],
    [2, 0.5],
  ]),
];

describe('advantages are the algorithm’s own, or those asked for', () => {
  test('grpo, dr_grpo, rloo, reinforce, opo', () => {
    const [first] = judge({}, groups).advantages;
    expect(first![0]).toBeCloseTo(0.5 / (Math.SQRT1_2 + 1e-4), 5);
    expect(judge({ compat: 'verl' }, groups).advantages[0]![0]).toBeCloseTo(0.5 / (Math.SQRT1_2 + 1e-6), 5);
    expect(judge({ name: 'dr_grpo' }, groups).advantages).toEqual([
      [0.5, -0.5],
      [0, 0],
    ]);
    expect(judge({ name: 'rloo' }, groups).advantages[0]).toEqual([1, -1]);
    expect(judge({ name: 'reinforce' }, groups).advantages).toEqual([
      [1, 0],
      [0.5, 0.5],
    ]);
    // Weighted by length the mean reward is 1/4.
    expect(judge({ advantage: { estimator: 'opo' } }, groups).advantages[0]).toEqual([0.75, -0.25]);
  });

  test('with options', () => {
    const advantage = { estimator: 'gpg', norm: 2 } as const;
    expect(judge({ advantage }, groups).advantages[0]).toEqual(
      [(4 / 3) * 0.25, (4 / 3) * -0.25].map(Math.fround),
    );
  });

  test('from each reward by itself with rewardAggregation', () => {
    const judged = judge({ rewardAggregation: 'normalise-then-sum' }, groups);
    const [high, low] = judged.advantages[0]!;
    expect(high).toBeCloseTo(-low!, 5);
    // Both rewards are ±1/√2 in their group; the sum, ±√2 in one of two groups, is whitened over the batch.
    expect(high).toBeCloseTo(Math.SQRT2 / Math.sqrt(4 / 3), 3);
  });

  test('of each token, where the estimator gives them so, with their mean', () => {
    const judged = judge({ advantage: { estimator: 'reinforce_plus_plus', gamma: 0.5 } }, groups);
    const rows = judged.tokenAdvantages!.flat();
    expect(rows.map((row) => row.length)).toEqual([1, 3, 2, 2]);
    const all = rows.flat();
    expect(all.reduce((sum, x) => sum + x, 0)).toBeCloseTo(0, 5);
    expect(rows[2]![1]! > rows[2]![0]!).toBe(true);
    expect(judged.advantages[1]![0]).toBeCloseTo((rows[2]![0]! + rows[2]![1]!) / 2, 6);
  });

  test('against the greedy completion’s reward (remax)', () => {
    const withBaseline = [
      group(
        [
          [2, 1],
          [1, 0],
        ],
        { baseline: 0.25 },
      ),
    ];
    const judged = judge({ advantage: { estimator: 'remax' } }, withBaseline);
    expect(judged.tokenAdvantages).toEqual([[[0.75, 0.75], [-0.25]]]);
    expect(() => judge({ advantage: { estimator: 'remax' } }, groups)).toThrow(
      /remax needs the reward of a greedy/,
    );
  });

  test('of a completion that no reward applied to are 0', () => {
    const some = [
      group([
        [2, 1],
        [2, Number.NaN],
        [2, 0],
      ]),
    ];
    for (const estimator of ['grpo', 'rloo', 'reinforce', 'reinforce_plus_plus', 'opo'] as const) {
      expect(judge({ advantage: { estimator } }, some).advantages[0]![1], estimator).toBe(0);
    }
  });
});

test('whatever the estimator, the share of groups without a difference is among the metrics', () => {
  for (const name of ['grpo', 'rloo', 'gpg'] as const) {
    expect(judge({ name }, groups).metrics).toMatchObject({
      ...{ frac_reward_zero_std: 0.5, reward: 0.5, 'rewards/b/mean': 1, 'completions/mean_length': 2 },
    });
  }
});

test('lengths are those of what the policy wrote, without what a tool said', () => {
  const plain = group([
    [5, 1],
    [3, 0],
  ]);
  const [first, second] = plain.rollouts;
  const told = { ...plain, rollouts: [{ ...first!, ownTokens: [1, 1, 0, 0, 1] }, second!] };
  expect(judge({}, [plain]).metrics['completions/mean_length']).toBe(4);
  expect(judge({}, [told]).metrics).toMatchObject({
    'completions/mean_length': 3,
    'completions/max_length': 3,
  });
});
