import { describe, expect, test } from 'vitest';
import type { NamedReward } from '../../../src/environment/scoring/call-reward.ts';
import { isReservedMetric } from '../../../src/environment/scoring/reserved-metrics.ts';
import { scoreRollouts } from '../../../src/environment/scoring/score-rollouts.ts';
import type { RewardFunction } from '../../../src/types.ts';
import { spoken } from './spoken.ts';

const rollouts = spoken(['7', '8'], { id: 'a', answer: '7', tests: [{ input: '1' }] });

const named = (reward: RewardFunction, name = 'mine'): NamedReward => ({
  name,
  reward,
  weight: 1,
  timeout: 9,
});
const score = (...rewards: NamedReward[]) =>
  scoreRollouts(rollouts, { rewards, step: 3, signal: new AbortController().signal });
const one: RewardFunction = ({ completions }) => completions.map(() => 1);

describe('a reward can’t change what it is given', () => {
  const changes: Record<string, RewardFunction> = {
    'token ids': (batch) => {
      (batch.completionIds[0] as number[]).reverse();
      return one(batch);
    },
    'the order of completions': (batch) => {
      (batch.completions as string[]).sort();
      return one(batch);
    },
    'a task': (batch) => {
      (batch.tasks[0] as unknown as { answer: string }).answer += '!';
      return one(batch);
    },
    'what lies within a task': (batch) => {
      (batch.tasks[0]!.tests as { input: string }[])[0]!.input = '2';
      return one(batch);
    },
    prompts: (batch) => {
      (batch.prompts as unknown[]).length = 0;
      return one(batch);
    },
    'a message': (batch) => {
      (batch.messages[0]![0] as { content: string }).content = '';
      return one(batch);
    },
  };

  test.each(Object.entries(changes))('%s', async (_, change) => {
    const before = structuredClone(rollouts);
    await expect(score(named(one, 'other'), named(change))).rejects.toThrow(
      /^reward "mine" at step 3 failed on samples 0 to 1: Cannot (assign|delete|add)/,
    );
    expect(rollouts).toEqual(before);
  });

  test('classes and functions in a task stay as they are', async () => {
    const date = new Date(0);
    const made: unknown[] = [];
    const look: RewardFunction = (batch) => {
      made.push(batch.tasks[0]!.date, batch.tasks[0]!.check);
      return one(batch);
    };
    const check = () => true;
    const own = rollouts.map((rollout) => ({ ...rollout, task: { id: 'a', date, check } }));
    await scoreRollouts(own, { rewards: [named(look)], step: 0, signal: new AbortController().signal });
    expect(made).toEqual([date, check]);
    expect(made[0]).toBe(date);
  });
});

describe('what a reward logs', () => {
  const logs = (name: unknown, value: unknown) =>
    score(
      named((batch) => {
        batch.logMetric(name as string, value as number);
        return one(batch);
      }),
    );

  test.each(['step', 'beta', 'reward', 'rewards/mine/mean', 'completions/mean_length'])(
    'may not be called %s',
    async (name) => {
      await expect(logs(name, 1)).rejects.toThrow(
        `logMetric("${name}", 1): anneal logs a metric of this name; take another, such as "mine/${name}"`,
      );
    },
  );

  test.each([
    ['1', '"1"'],
    [Number.NaN, 'NaN'],
    [Number.POSITIVE_INFINITY, 'Infinity'],
    [undefined, 'undefined'],
  ])('must be a finite number, not %s', async (value, shown) => {
    await expect(logs('length', value)).rejects.toThrow(
      `logMetric("length", ${shown}): a metric is a finite number`,
    );
  });

  test('is averaged under its name', async () => {
    expect((await logs('mine/length', 4)).metrics).toEqual({ 'mine/length': 4 });
    expect(isReservedMetric('mine/length')).toBe(false);
  });
});

describe('scores', () => {
  test('may be typed arrays', async () => {
    const scored = await score(named(() => Float64Array.of(0.5, 1)));
    expect(scored.rollouts.map(({ reward }) => reward)).toEqual([0.5, 1]);
  });

  test('that float32 can’t hold are refused', async () => {
    await expect(score(named(() => [0, -1e39]))).rejects.toThrow(
      'gave -1e+39 for sample 1 (task "a"); scores are float32, whose largest number is 3.4e38',
    );
  });

  test('that are big integers are refused', async () => {
    await expect(score(named(() => BigInt64Array.of(1n, 2n) as unknown as number[]))).rejects.toThrow(
      'gave 1 for sample 0 (task "a"); a score is a finite number',
    );
  });
});
