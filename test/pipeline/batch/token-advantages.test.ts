import { describe, expect, test } from 'vitest';
import { advantages, rolloutsOfPrompt } from './scored-rollouts.ts';

describe('with a value function', () => {
  const values = [
    [0.1, 0.2, 0.3],
    [0.4, 0.5],
  ];
  const one = rolloutsOfPrompt(
    [
      [2, 1],
      [1, 0],
    ],
    { values },
  );
  const plain = { name: 'ppo', advantage: { estimator: 'gae', gamma: 0.5, lambda: 0.5 } } as const;
  /** (x − mean)/√(variance + 1e-8) of the four or three tokens that count. */
  const whitened = (rows: readonly (readonly number[])[]) => {
    const all = rows.flat();
    const mean = all.reduce((sum, x) => sum + x, 0) / all.length;
    const variance = all.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (all.length - 1);
    return rows.map((row) => row.map((x) => (x - mean) / Math.sqrt(variance + 1e-8)));
  };
  const close = (rows: unknown) =>
    JSON.parse(JSON.stringify(rows), (_, x) => (typeof x === 'number' ? expect.closeTo(x, 5) : x));

  test('scores on the last token: δ = r + γ·V′ − V, A = δ + γλ·A′', () => {
    const estimated = advantages({ ...plain, scorePlacement: 'last-token' }, [one]);
    const [last, first] = [1 - 0.2, 0 + 0.5 * 0.2 - 0.1 + 0.25 * 0.8];
    const raw = [[first, last], [0 - 0.4]];
    expect(estimated.valueTargets).toEqual(
      close([
        { values: [0.1, 0.2], returns: [first + 0.1, 1], mask: [1, 1] },
        { values: [0.4], returns: [0], mask: [1] },
      ]),
    );
    expect(estimated.tokenAdvantages).toEqual(close(whitened(raw)));
  });

  test('scores one past it, where a value stands too, and no advantage', () => {
    const estimated = advantages(plain, [one]);
    const past = 1 - 0.3;
    const last = 0.5 * 0.3 - 0.2 + 0.25 * past;
    const first = 0.5 * 0.2 - 0.1 + 0.25 * last;
    const other = 0.5 * 0.5 - 0.4 + 0.25 * -0.5;
    const [a, b] = whitened([[first, last], [other]]);
    expect(estimated.valueTargets).toEqual(
      close([
        { values: [0.1, 0.2, 0.3], returns: [first + 0.1, last + 0.2, 1], mask: [1, 1, 1] },
        { values: [0.4, 0.5], returns: [other + 0.4, 0], mask: [1, 1] },
      ]),
    );
    expect(estimated.tokenAdvantages).toEqual(
      close([
        [...a!, 0],
        [...b!, 0],
      ]),
    );
    expect(estimated.advantages).toEqual(close([(a![0]! + a![1]!) / 2, b![0]]));
  });

  test('a text that was cut off has its score on the last token, less missingEosPenalty', () => {
    const cut = rolloutsOfPrompt([[2, 1]], { values: [[0.1, 0.2, 0.3]] }, 'length');
    const estimated = advantages({ ...plain, missingEosPenalty: 0.25 }, [cut, one]);
    expect(estimated.valueTargets[0]!.returns).toEqual(close([0.5 * 0.2 + 0.25 * 0.55, 0.75]));
    expect(estimated.metrics['objective/scores']).toBeCloseTo((0.75 + 1 + 0) / 3, 6);
    expect(estimated.metrics.reward).toBeCloseTo(2 / 3, 6);
    // Estimators of whole completions see the penalty, too.
    const reinforce = { name: 'reinforce', missingEosPenalty: 0.25 } as const;
    expect(advantages(reinforce, [cut, one]).advantages[0]).toBe(0.75);
  });

  test('a completion that no reward applied to trains neither policy nor values', () => {
    const some = rolloutsOfPrompt(
      [
        [2, 1],
        [1, Number.NaN],
      ],
      { values },
    );
    const estimated = advantages(plain, [some, one]);
    expect(estimated.valueTargets[1]).toMatchObject({ mask: [0, 0] });
    expect(estimated.tokenAdvantages[1]).toEqual([0, 0]);
    expect(Number.isFinite(estimated.metrics['val/explained_variance'])).toBe(true);
    // Of the two that have one: 1 and 1, less nothing.
    expect(estimated.metrics['objective/scores']).toBeCloseTo(2 / 3, 6);
    // Nobody measured a KL.
    expect(estimated.metrics).not.toHaveProperty('objective/kl');
  });

  test('says how much of the returns the values knew', () => {
    const estimated = advantages(
      { ...plain, scorePlacement: 'last-token', advantage: { estimator: 'gae', lambda: 1, gamma: 1 } },
      [one],
    );
    // Returns 1, 1, 0 and values .1, .2, .4: what is left is .9, .8, −.4, variance .523 of .333.
    expect(estimated.metrics['val/explained_variance']).toBeCloseTo(1 - 0.52333333 / 0.33333333, 5);
  });
});

describe('a KL penalty in the rewards', () => {
  const refLogprobs = [[-1.5, -1], [-3]];
  const one = rolloutsOfPrompt(
    [
      [2, 1],
      [1, 1],
    ],
    { refLogprobs },
  );

  test('is taken from what each completion earned', () => {
    const estimated = advantages({ name: 'rloo', klIn: 'reward', klCoef: 0.1 }, [one]);
    // log π − log π_ref is .5 and 0 in the first text, 2 in the second.
    expect(estimated.advantages[0]).toBeCloseTo(1 - 0.05 - (1 - 0.2), 5);
    expect(estimated.kl).toBeCloseTo((0.25 + 2) / 2, 6);
    expect(estimated.metrics).toMatchObject({ reward: 1, kl_coef: 0.1, 'objective/scores': 1 });
    expect(estimated.metrics['objective/kl']).toBeCloseTo(2.5 / 2, 6);
  });

  test('of tokens comes before the score', () => {
    const reinforced = { estimator: 'reinforce_plus_plus' } as const;
    const estimated = advantages({ name: 'reinforce', advantage: reinforced, klIn: 'reward', klCoef: 0.1 }, [
      one,
    ]);
    // Returns to go: .95, 1; .8.
    const mean = 2.75 / 3;
    const [first, last] = estimated.tokenAdvantages[0]!;
    expect(first! / last!).toBeCloseTo((0.95 - mean) / (1 - mean), 4);
  });

  test('in verl’s words, where verl is asked for', () => {
    const estimated = advantages(
      { name: 'ppo', advantage: { estimator: 'grpo' }, compat: 'verl', klIn: 'reward', klCoef: 0.1 },
      [one],
    );
    expect(estimated.metrics).toMatchObject({
      'actor/reward_kl_penalty': expect.closeTo(1.125, 6),
      'actor/reward_kl_penalty_coeff': 0.1,
    });
  });
});
