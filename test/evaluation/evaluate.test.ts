import { describe, expect, test } from 'vitest';
import { RunError } from '../../src/errors.ts';
import { evaluateGreedy } from '../../src/evaluation/evaluate-greedy.ts';
import { evaluateSamples } from '../../src/evaluation/evaluate-samples.ts';
import { greedyOptions } from '../../src/evaluation/greedy-options.ts';
import { wilsonInterval } from '../../src/evaluation/wilson.ts';
import { parseRecipe } from '../../src/recipe/recipe.ts';
import type { SampleRequest, Sampler } from '../../src/rollout/sampler.ts';
import type { RewardFunction, Rollout } from '../../src/types.ts';
import { waitingReward } from '../environment/scoring/waiting-reward.ts';
import { banditRecipe, sevens } from '../pipeline/bandit.ts';

const tasks = ['7', '3', '7', '9', '7'].map((id) => ({ id, answer: 7 }));

/** One rollout of each text, all of the request with this number. */
function rolloutsOf(request: SampleRequest, group: number, texts: readonly string[]): Rollout[] {
  return texts.map((text) => ({
    ...request,
    group,
    promptIds: [],
    tokenIds: [1],
    logprobs: [0],
    text,
    finishReason: 'eos',
    beta: 0,
    policyVersion: 0,
  }));
}

/** Answers with what it is asked; notes how many prompts came at a time. */
function parrot(sizes: number[] = []): Sampler {
  return {
    sample: async (requests, { groupSize }) => {
      sizes.push(requests.length);
      return requests.flatMap((request, group) =>
        rolloutsOf(request, group, Array<string>(groupSize).fill(request.messages[0]!.content)),
      );
    },
    extend: () => Promise.reject(new Error('asked to go on')),
    between: () => [],
    maxPositions: 9,
  };
}

const seven: RewardFunction = ({ completions }) => completions.map((text) => (text === '7' ? 1 : 0.5));
const rewards = (reward: RewardFunction) => [{ name: 'seven', reward, weight: 2, timeout: 9 }];
const { sampling } = parseRecipe(banditRecipe());
const common = { environment: sevens(), tasks, batchSize: 2, step: 0, sampling: greedyOptions({ sampling }) };

describe('an evaluation', () => {
  test('counts the tasks whose first reward is at least 1', async () => {
    const sizes: number[] = [];
    const { result, rows } = await evaluateGreedy(parrot(sizes), { ...common, rewards: rewards(seven) });
    expect(result).toEqual({
      accuracy: 3 / 5,
      interval: wilsonInterval(3, 5),
      tasks: 5,
      reward: (6 + 2) / 5,
    });
    expect(sizes).toEqual([2, 2, 1]);
    expect(rows[1]).toEqual({
      task: '3',
      completion: '3',
      tokenIds: [1],
      scores: { seven: 0.5 },
      right: false,
    });
  });

  test('leaves out tasks that the first reward does not apply to, and fails when that is all', async () => {
    const some: RewardFunction = ({ completions }) => completions.map((text) => (text === '7' ? 1 : null));
    const { result } = await evaluateGreedy(parrot(), { ...common, rewards: rewards(some) });
    expect(result).toMatchObject({ accuracy: 1, tasks: 3, reward: 2 });
    const none: RewardFunction = ({ completions }) => completions.map(() => null);
    const evaluated = evaluateGreedy(parrot(), { ...common, rewards: rewards(none) });
    await expect(evaluated).rejects.toThrow(RunError);
    await expect(evaluated).rejects.toThrow(/"seven" applies to none of 5 held-out tasks/);
  });
});

describe('an evaluation by samples', () => {
  /** Four samples of each task: 7 and then what the task says, so that 7 is in the majority, or tied, or right. */
  const answers: Readonly<Record<string, readonly string[]>> = {
    a: ['7', '7', '3', '3'],
    b: ['7', '3', '3', '3'],
    c: ['3', '4', '5', '6'],
    d: ['7', ' 7', '7', '3'],
  };
  const sampler: Sampler = {
    ...parrot(),
    sample: async (requests, { groupSize }) =>
      requests.flatMap((request, group) =>
        rolloutsOf(request, group, answers[request.task.id]!.slice(0, groupSize)),
      ),
  };
  const evaluation = {
    ...common,
    tasks: Object.keys(answers).map((id) => ({ id, answer: 7 })),
    sampling: { ...common.sampling, groupSize: 4, temperature: 0.7 },
    batchSize: 8,
  };
  const isSeven: RewardFunction = ({ completions }) =>
    completions.map((text) => (text.trim() === '7' ? 1 : 0));

  test('tells avg@n, pass@k and maj@n, means over tasks', async () => {
    const result = await evaluateSamples(sampler, { ...evaluation, rewards: rewards(isSeven) });
    expect(result).toMatchObject({ samples: 4, temperature: 0.7, tasks: 4 });
    expect(result.avg).toEqual({ value: 6 / 16, interval: wilsonInterval(1.5, 4) });
    expect(result.pass[1]!.value).toBeCloseTo(6 / 16, 12);
    // 1 − C(2,2)/C(4,2), 1 − C(3,2)/C(4,2), 0, 1.
    expect(result.pass[2]!.value).toBeCloseTo((5 / 6 + 1 / 2 + 0 + 1) / 4, 12);
    expect(result.pass[4]!.value).toBe(3 / 4);
    expect(result.maj.value).toBeCloseTo((1 / 2 + 0 + 0 + 1) / 4, 12);
  });

  test('votes by what the environment calls an answer', async () => {
    const environment = {
      ...sevens(),
      answer: (text: string) => (text.trim() === '7' ? 'seven' : undefined),
    };
    const result = await evaluateSamples(sampler, { ...evaluation, environment, rewards: rewards(isSeven) });
    expect(result.maj.value).toBe(3 / 4);
  });

  test('draws other samples in every batch', async () => {
    const seeds: number[] = [];
    const noting: Sampler = {
      ...sampler,
      sample: (requests, options) => {
        seeds.push(options.seed);
        return sampler.sample(requests, options);
      },
    };
    const single = await evaluateSamples(noting, { ...evaluation, batchSize: 4, rewards: rewards(isSeven) });
    expect(new Set(seeds).size).toBe(4);
    // The samples of one task stay apart from those of the next, each the first of its batch.
    expect(single).toEqual(await evaluateSamples(sampler, { ...evaluation, rewards: rewards(isSeven) }));
  });
});

describe('the signal that rewards get in an evaluation', () => {
  test('aborts once the call has ended: each batch has its own', async () => {
    const { reward, signals, end } = waitingReward();
    const evaluated = evaluateGreedy(parrot(), { ...common, rewards: rewards(reward) });
    for (let batch = 1; batch <= 3; batch++) {
      await expect.poll(() => signals.length).toBe(batch);
      expect(signals.map(({ aborted }) => aborted)).toEqual([...Array(batch - 1).fill(true), false]);
      end();
    }
    await evaluated;
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true, true]);
  });

  test('aborts for what other rewards left running when one has failed', async () => {
    const { reward, signals } = waitingReward();
    const failing: RewardFunction = () => Promise.reject(new Error('no verifier'));
    const both = [...rewards(failing), ...rewards(reward)];
    await expect(evaluateGreedy(parrot(), { ...common, rewards: both })).rejects.toThrow('no verifier');
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
  });

  test('aborts when the evaluation’s does, which ends it', async () => {
    const { reward, signals } = waitingReward();
    const stop = new AbortController();
    const evaluated = evaluateGreedy(parrot(), {
      ...common,
      rewards: rewards(reward),
      signal: stop.signal,
    });
    await expect.poll(() => signals.length).toBe(1);
    expect(signals[0]!.aborted).toBe(false);
    stop.abort(new Error('enough'));
    expect(signals[0]!.reason).toEqual(new Error('enough'));
    await expect(evaluated).rejects.toThrow(
      /reward "seven" in the evaluation at step 0 failed on samples 0 to 1: enough/,
    );
    expect(signals).toHaveLength(1);
  });
});

describe('the Wilson interval', () => {
  // statsmodels 0.15.0, proportion_confint(count, nobs, method='wilson')
  const known: [number, number, number, number][] = [
    [0, 10, 0, 0.27753279986288926],
    [10, 10, 0.7224672001371106, 1],
    [3, 5, 0.2307242812760129, 0.8823792257673522],
    [340, 1000, 0.31130188230514194, 0.36992268041023574],
  ];
  for (const [successes, n, low, high] of known) {
    test(`of ${successes} in ${n}`, () => {
      const [a, b] = wilsonInterval(successes, n);
      expect(a).toBeCloseTo(low, 12);
      expect(b).toBeCloseTo(high, 12);
    });
  }
});
