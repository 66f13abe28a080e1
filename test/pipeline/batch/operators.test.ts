import { lastValueFrom, map, type Observable, of, toArray } from 'rxjs';
import { describe, expect, test } from 'vitest';
import type { NamedReward } from '../../../src/environment/scoring/call-reward.ts';
import { TaskSource } from '../../../src/environment/task-source.ts';
import { RunError } from '../../../src/errors.ts';
import { addAdvantages } from '../../../src/pipeline/batch/add-advantages.ts';
import { addBaselines } from '../../../src/pipeline/batch/add-baselines.ts';
import { addReference } from '../../../src/pipeline/batch/add-reference.ts';
import { drawTasks } from '../../../src/pipeline/batch/draw-tasks.ts';
import { advantagesBy } from '../../../src/pipeline/batch/estimate-advantages.ts';
import { makeExamples } from '../../../src/pipeline/batch/make-examples.ts';
import { rollOut } from '../../../src/pipeline/batch/roll-out.ts';
import { score } from '../../../src/pipeline/batch/score.ts';
import type { PolicySnapshot } from '../../../src/policy/policy.ts';
import { randomStream } from '../../../src/random.ts';
import { parseRecipe } from '../../../src/recipe/recipe.ts';
import type {
  FinishReason,
  RewardBatch,
  RewardFunction,
  Rollout,
  RolloutBatch,
  ScoredRollout,
} from '../../../src/types.ts';
import { waitingReward } from '../../environment/scoring/waiting-reward.ts';
import { Bandit, banditRecipe, sevens } from '../bandit.ts';
import { marbles } from '../marbles.ts';

const sampling = {
  groupSize: 2,
  maxNewTokens: 1,
  maxPromptLength: 8,
  maxTurns: 8,
  stepTimeout: 9,
  parallelSteps: 64,
  temperature: 1,
  topP: 1,
  topK: 0,
  minP: 0,
  stop: [],
};

const named = (reward: RewardFunction, weight = 1) => ({ name: reward.name, reward, weight, timeout: 9 });

/** The rollouts of one prompt, by their texts. */
function rolloutsOfPrompt(
  texts: readonly string[],
  { id = 'a', group = 0, finishReason = 'eos' as FinishReason } = {},
): Rollout[] {
  return texts.map((text) => ({
    group,
    task: { id },
    messages: [{ role: 'user', content: `say ${id}` }],
    promptIds: [5],
    tokenIds: [1, 2],
    logprobs: [-1, -1],
    text,
    finishReason,
    beta: 0.5,
    policyVersion: 3,
  }));
}

function batchOf<R extends Rollout>(rollouts: readonly R[]): RolloutBatch<R> {
  return { index: 2, rollouts, policyVersion: 3, beta: 0.5, metrics: { before: 1 } };
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
    expect(batch.rollouts).toHaveLength(2);
    for (const rollout of batch.rollouts) {
      const messages = [{ role: 'user', content: 'x' }];
      expect(rollout).toMatchObject({ group: 0, task: { id: 'x' }, messages });
    }
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
    const rollouts = [
      ...rolloutsOfPrompt(['p', 'q'], { id: 'a', group: 0 }),
      ...rolloutsOfPrompt(['r'], { id: 'b', group: 1 }),
    ];
    await lastValueFrom(of(batchOf(rollouts)).pipe(score([named(look)], { stepsPerBatch: 5 })));
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
    const batch = batchOf(rolloutsOfPrompt(['x', 'y', 'z']));
    const scored = await lastValueFrom(of(batch).pipe(score(rewards, { stepsPerBatch: 1 })));
    expect(scored.rollouts.map(({ text, scores }) => [text, scores])).toEqual([
      ['x', [1, 0.5]],
      ['y', [null, 2]],
      ['z', [null, null]],
    ]);
    expect(scored.rollouts.map(({ reward }) => reward)).toEqual([1.5, -2, Number.NaN]);
  });

  test('logs the mean of what rewards report', async () => {
    const chatty: RewardFunction = ({ completions, logMetric }) => {
      logMetric('length', 2);
      logMetric('length', 4);
      return completions.map(() => 1);
    };
    const batch = batchOf(rolloutsOfPrompt(['x']));
    const scored = await lastValueFrom(of(batch).pipe(score([named(chatty)], { stepsPerBatch: 1 })));
    expect(scored.metrics).toEqual({ before: 1, length: 3 });
  });

  signalTests((rewards, signal) =>
    of(batchOf(rolloutsOfPrompt(['x']))).pipe(score(rewards, { stepsPerBatch: 1, signal })),
  );
});

describe('addBaselines', () => {
  const scored = (text: string, group: number): ScoredRollout[] =>
    rolloutsOfPrompt([text, text], { group }).map((rollout) => ({ ...rollout, scores: [0], reward: 0 }));
  const batch = { ...batchOf([...scored('x', 0), ...scored('y', 1), ...scored('z', 2)]), index: 3 };
  const greedy = [
    ...rolloutsOfPrompt(['2'], { group: 0 }),
    ...rolloutsOfPrompt(['5'], { group: 1, finishReason: 'length' }),
    ...rolloutsOfPrompt([''], { group: 2 }),
  ];

  test('gives every rollout its prompt’s greedy reward, less missingEosPenalty where that was cut off', async () => {
    const steps: number[] = [];
    const number: RewardFunction = ({ completions, step }) => {
      steps.push(step);
      return completions.map((text) => (text === '' ? null : Number(text)));
    };
    const options = { stepsPerBatch: 2, missingEosPenalty: 0.25 };
    const based = await lastValueFrom(
      of({ ...batch, greedy }).pipe(addBaselines([named(number, 10)], options)),
    );
    const baselines = [20, 20, 49.75, 49.75, Number.NaN, Number.NaN];
    const rollouts = batch.rollouts.map((rollout, b) => ({ ...rollout, baseline: baselines[b]! }));
    expect(based).toEqual({ ...batch, rollouts });
    expect(based).not.toHaveProperty('greedy');
    expect(steps).toEqual([6]);
  });

  signalTests((rewards, signal) => {
    const options = { stepsPerBatch: 1, missingEosPenalty: 0, signal };
    return of({ ...batch, greedy }).pipe(addBaselines(rewards, options));
  });
});

/** What holds of the signal that rewards get from an operator, run as a stream with these rewards. */
function signalTests(
  operate: (rewards: NamedReward[], signal?: AbortSignal) => Observable<RolloutBatch<ScoredRollout>>,
): void {
  const waiting = () => {
    const { reward, ...rest } = waitingReward();
    return { rewards: [named(reward)], ...rest };
  };

  test('tells rewards to stop when nobody waits for them any more', async () => {
    const { rewards, signals } = waiting();
    const subscription = operate(rewards).subscribe();
    await Promise.resolve();
    expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
    subscription.unsubscribe();
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
  });

  test('tells rewards to stop when the run does', async () => {
    const { rewards, signals } = waiting();
    const stop = new AbortController();
    const batch = lastValueFrom(operate(rewards, stop.signal));
    await Promise.resolve();
    expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
    stop.abort(new Error('enough'));
    expect(signals[0]!.reason).toEqual(new Error('enough'));
    await expect(batch).rejects.toThrow(/failed on samples 0 to \d: enough/);
  });

  test('tells what a reward left running to stop once the call has ended', async () => {
    const { rewards, signals, end } = waiting();
    const stop = new AbortController();
    const batch = lastValueFrom(operate(rewards, stop.signal));
    await Promise.resolve();
    expect(signals[0]!.aborted).toBe(false);
    end();
    await batch;
    expect(signals[0]!.aborted).toBe(true);
    expect(stop.signal.aborted).toBe(false);
  });
}

describe('addAdvantages', () => {
  const still = { value: () => 0, observe() {} };

  test('compares the completions of one prompt; metrics are added to the batch’s', () => {
    const scored = (rewards: readonly number[], group: number): ScoredRollout[] =>
      rolloutsOfPrompt(['x', 'y'], { group }).map((rollout, g) => ({
        ...rollout,
        scores: [rewards[g]!],
        reward: rewards[g]!,
      }));
    const rollouts = [...scored([1, 0], 0), ...scored([1, 1], 1)];
    const estimate = advantagesBy([named(() => [])], parseRecipe(banditRecipe()).algorithm);
    marbles(({ cold, expectObservable }) => {
      const scored$ = cold<RolloutBatch<ScoredRollout>>('a-|', { a: batchOf(rollouts) });
      const advantages$ = scored$.pipe(addAdvantages(estimate, still));
      const { metrics } = estimate(rollouts, 0);
      const advantage = Math.fround(0.5 / (Math.SQRT1_2 + 1e-4));
      const advantages = [advantage, -advantage, 0, 0];
      const withAdvantages = rollouts.map((rollout, b) => ({ ...rollout, advantage: advantages[b]! }));
      expectObservable(advantages$).toBe('a-|', {
        a: { ...batchOf(withAdvantages), metrics: { before: 1, ...metrics } },
      });
      expect(metrics).toMatchObject({ frac_reward_zero_std: 0.5, 'completions/clipped_ratio': 0 });
    });
  });
});

test('addReference adds the reference policy’s log-probs', async () => {
  const policy = { referenceLogprobs: async () => [[-1], [-2]] };
  const batch = batchOf(rolloutsOfPrompt(['x', 'y']));
  const out = await lastValueFrom(of(batch).pipe(addReference(policy)));
  const [x, y] = batch.rollouts;
  const rollouts = [
    { ...x, refLogprobs: [-1] },
    { ...y, refLogprobs: [-2] },
  ];
  expect(out).toEqual({ ...batch, rollouts });
});

describe('makeExamples', () => {
  test('pairs prompts with targets, as tokens', () => {
    const policy = new Bandit({ steps: 3 }).snapshot();
    const tasks = [
      { id: 'x', answer: 3 },
      { id: 'y', answer: 5 },
    ];
    marbles(({ cold, expectObservable }) => {
      const drawn$ = cold('-a|', { a: { index: 0, policy, tasks, seed: 1, metrics: {}, reward: 0 } });
      expectObservable(drawn$.pipe(makeExamples(sevens()))).toBe('-a|', {
        a: {
          index: 0,
          policyVersion: 0,
          beta: 1,
          metrics: {},
          stopsEarly: false,
          batch: {
            objective: 'sft',
            examples: tasks.map((task, group) => ({
              group,
              task,
              messages: [{ role: 'user', content: task.id }],
              target: String(task.answer),
              promptIds: [1, 2],
              tokenIds: [task.answer],
            })),
          },
        },
      });
    });
  });

  test('gives a conversation whose turns are all taught as many examples as it takes', () => {
    const row = { promptIds: [1], tokenIds: [2, 3, 4], completionMask: [1, 0, 1], promptTokensCut: 2 };
    const policy: PolicySnapshot = {
      ...new Bandit({ steps: 3 }).snapshot(),
      encodeTurns: ({ task, conversation }) => {
        const written = { task, messages: conversation.slice(0, -1), target: conversation.at(-1)!.content };
        return task.id === 'x'
          ? [{ ...written, ...row }]
          : [written, written].map((each) => ({ ...each, ...row }));
      },
    };
    const tasks = [
      { id: 'x', answer: 3 },
      { id: 'y', answer: 5 },
    ];
    marbles(({ cold, expectObservable }) => {
      const drawn$ = cold('-a|', { a: { index: 0, policy, tasks, seed: 1, metrics: {}, reward: 0 } });
      const shown$ = drawn$.pipe(
        makeExamples(sevens(), 'all'),
        map(({ batch, metrics }) => ({
          metrics,
          rows:
            batch.objective === 'sft'
              ? batch.examples.map(({ group, task, target, tokenIds }) => [
                  group,
                  task.id,
                  target,
                  tokenIds.length,
                ])
              : [],
        })),
      );
      expectObservable(shown$).toBe('-a|', {
        a: {
          // Of each task its prompt counts once.
          metrics: { 'prompts/truncated': 2 },
          rows: [
            [0, 'x', '3', 3],
            [1, 'y', '5', 3],
            [2, 'y', '5', 3],
          ],
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
