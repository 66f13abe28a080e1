import { lastValueFrom, of, toArray } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { TaskSource } from '../../../src/environment/task-source.ts';
import { RunError } from '../../../src/errors.ts';
import { addAdvantages } from '../../../src/pipeline/batch/add-advantages.ts';
import { addReference } from '../../../src/pipeline/batch/add-reference.ts';
import { drawTasks } from '../../../src/pipeline/batch/draw-tasks.ts';
import { makeExamples } from '../../../src/pipeline/batch/make-examples.ts';
import { rollOut } from '../../../src/pipeline/batch/roll-out.ts';
import { score } from '../../../src/pipeline/batch/score.ts';
import { randomStream } from '../../../src/random.ts';
import { parseRecipe } from '../../../src/recipe/recipe.ts';
import type { RewardBatch, RewardFunction, RolloutBatch, ScoredGroup } from '../../../src/types.ts';
import { judgeBy } from '../../src/pipeline/judge.ts';
import { Bandit, banditRecipe, sevens } from '../bandit.ts';
import { marbles } from '../marbles.ts';

const sampling = {
  groupSize: 2,
  maxNewTokens: 1,
  maxPromptLength: 8,
  maxTurns: 8,
  stepTimeout: 9,
  temperature: 1,
  topP: 1,
  topK: 0,
  minP: 0,
  stop: [],
};

const named = (reward: RewardFunction, weight = 1) => ({ name: reward.name, reward, weight, timeout: 9 });

function groupOf(texts: readonly string[], id = 'a') {
  const rollouts = texts.map((text) => ({
    ...{ tokenIds: [1, 2], logprobs: [-1, -1], text, finishReason: 'eos' as const },
    ...{ beta: 0.5, policyVersion: 3 },
  }));
  const messages = [{ role: 'user' as const, content: `say ${id}` }];
  return { task: { id }, messages, promptIds: [5], rollouts };
}

function batchOf<G>(groups: readonly G[]) {
  return { index: 2, groups, policyVersion: 3, beta: 0.5, metrics: { before: 1 } };
}

describe('drawTasks', () => {
  test('draws P tasks a permit, each batch with a seed of its own', async () => {
    const policy = new Bandit({ steps: 3 }).snapshot();
    const permits$ = of({ index: 0, policy, reward: undefined }, { index: 1, policy, reward: 0.5 });
    const source = new TaskSource(sevens(), 'train');
    const options = { source, prompts: 3, seeds: randomStream(0, 'seeds') };
    const drawn = await lastValueFrom(permits$.pipe(drawTasks(options), toArray()));
    expect(drawn.map((batch) => batch.tasks.map((task) => task.id))).toEqual([
      ['train-0', 'train-1', 'train-2'],
      ['train-3', 'train-4', 'train-5'],
    ]);
    expect(drawn[0]!.seed).not.toBe(drawn[1]!.seed);
    expect(drawn[0]).toMatchObject({ index: 0, policy, metrics: {} });
  });
});

describe('rollOut', () => {
  const drawn = {
    index: 4,
    tasks: [{ id: 'x', answer: 1 }],
    seed: 7,
    metrics: {},
    reward: undefined,
    policy: new Bandit({ steps: 3 }).snapshot(),
  };

  test('samples G completions a task from the permit’s policy', async () => {
    const batch = await lastValueFrom(of(drawn).pipe(rollOut(sevens(), sampling)));
    expect(batch).toMatchObject({ index: 4, policyVersion: 0, beta: 1 });
    expect(batch.groups[0]).toMatchObject({ task: { id: 'x' }, messages: [{ role: 'user', content: 'x' }] });
    expect(batch.groups[0]!.rollouts).toHaveLength(2);
  });

  test('names the task whose prompt can’t be made', async () => {
    const env = {
      ...sevens(),
      prompt: () => {
        throw new Error('no question');
      },
    };
    const rolled = lastValueFrom(of(drawn).pipe(rollOut(env, sampling)));
    await expect(rolled).rejects.toThrow(RunError);
    await expect(rolled).rejects.toThrow('env "sevens" failed to give the prompt of task "x": no question');
  });
});

describe('score', () => {
  test('shows rewards every completion with its task, prompt and conversation', async () => {
    let seen: RewardBatch | undefined;
    const look: RewardFunction = (batch) => {
      seen = batch;
      return batch.completions.map(() => 0);
    };
    const groups = [groupOf(['p', 'q'], 'a'), groupOf(['r'], 'b')];
    await lastValueFrom(of(batchOf(groups)).pipe(score([named(look)], 5)));
    expect(seen).toMatchObject({
      tasks: [{ id: 'a' }, { id: 'a' }, { id: 'b' }],
      completions: ['p', 'q', 'r'],
      completionIds: [
        [1, 2],
        [1, 2],
        [1, 2],
      ],
      step: 10,
    });
    expect(seen!.prompts[2]).toEqual([{ role: 'user', content: 'say b' }]);
    expect(seen!.messages[2]).toEqual([
      { role: 'user', content: 'say b' },
      { role: 'assistant', content: 'r' },
    ]);
  });

  test('weighs and adds the scores; one that does not apply counts for nothing; none at all is NaN', async () => {
    const a: RewardFunction = () => [1, null, null];
    const b: RewardFunction = async () => [0.5, 2, null];
    const rewards = [named(a, 2), named(b, -1)];
    const scored = await lastValueFrom(of(batchOf([groupOf(['x', 'y', 'z'])])).pipe(score(rewards, 1)));
    expect(scored.groups[0]).toMatchObject({
      scores: [
        [1, null, null],
        [0.5, 2, null],
      ],
    });
    expect(scored.groups[0]!.rewards).toEqual([1.5, -2, Number.NaN]);
  });

  test('logs the mean of what rewards report', async () => {
    const chatty: RewardFunction = ({ completions, logMetric }) => {
      logMetric('length', 2);
      logMetric('length', 4);
      return completions.map(() => 1);
    };
    const scored = await lastValueFrom(of(batchOf([groupOf(['x'])])).pipe(score([named(chatty)], 1)));
    expect(scored.metrics).toEqual({ before: 1, length: 3 });
  });

  test('tells rewards to stop when nobody waits for them any more', async () => {
    let signal: AbortSignal | undefined;
    const slow: RewardFunction = (batch) => {
      signal = batch.signal;
      return new Promise(() => {});
    };
    const subscription = of(batchOf([groupOf(['x'])]))
      .pipe(score([named(slow)], 1))
      .subscribe();
    await Promise.resolve();
    expect(signal!.aborted).toBe(false);
    subscription.unsubscribe();
    expect(signal!.aborted).toBe(true);
  });
});

describe('addAdvantages', () => {
  const still = { value: () => 0, observe() {} };

  test('compares the completions of one prompt; metrics are added to the batch’s', () => {
    const group: ScoredGroup = { ...groupOf(['x', 'y']), scores: [[1, 0]], rewards: [1, 0] };
    const equal: ScoredGroup = { ...groupOf(['x', 'y'], 'b'), scores: [[1, 1]], rewards: [1, 1] };
    const judge = judgeBy([named(() => [])], parseRecipe(banditRecipe()).algorithm);
    marbles(({ cold, expectObservable }) => {
      const scored$ = cold<RolloutBatch<ScoredGroup>>('a-|', { a: batchOf([group, equal]) });
      const advantages$ = scored$.pipe(addAdvantages(judge, still));
      const { advantages: _, metrics } = judge([group, equal], 0);
      const advantage = Math.fround(0.5 / (Math.SQRT1_2 + 1e-4));
      const groups = [
        { ...group, advantages: [advantage, -advantage] },
        { ...equal, advantages: [0, 0] },
      ];
      expectObservable(advantages$).toBe('a-|', {
        a: { ...batchOf(groups), metrics: { before: 1, ...metrics } },
      });
      expect(metrics).toMatchObject({ frac_reward_zero_std: 0.5, 'completions/clipped_ratio': 0 });
    });
  });
});

test('addReference adds the reference policy’s log-probs', async () => {
  const policy = { referenceLogprobs: async () => [[[-1], [-2]]] };
  const batch = batchOf([groupOf(['x', 'y'])]);
  const out = await lastValueFrom(of(batch).pipe(addReference(policy)));
  expect(out).toEqual({ ...batch, groups: [{ ...batch.groups[0], refLogprobs: [[-1], [-2]] }] });
});

describe('makeExamples', () => {
  test('pairs prompts with targets', () => {
    const policy = new Bandit({ steps: 3 }).snapshot();
    const task = { id: 'x', answer: 3 };
    marbles(({ cold, expectObservable }) => {
      const drawn$ = cold('-a|', { a: { index: 0, policy, tasks: [task], seed: 1, metrics: {}, reward: 0 } });
      expectObservable(drawn$.pipe(makeExamples(sevens()))).toBe('-a|', {
        a: {
          ...{ index: 0, policyVersion: 0, beta: 1, metrics: {}, farEnough: false },
          batch: {
            objective: 'sft',
            examples: [{ task, messages: [{ role: 'user', content: 'x' }], target: '3' }],
          },
        },
      });
    });
  });

  test('names the task whose target can’t be made', () => {
    const policy = new Bandit({ steps: 3 }).snapshot();
    const { target: _, ...env } = sevens();
    marbles(({ cold, expectObservable }) => {
      const drawn = { index: 0, policy, tasks: [{ id: 'x' }], seed: 1, metrics: {}, reward: 0 };
      const drawn$ = cold('-a|', { a: drawn });
      const error = new RunError('env "sevens" failed to give the target of task "x": it has no target()');
      expectObservable(drawn$.pipe(makeExamples(env))).toBe('-#', {}, error);
    });
  });
});
