import { join } from 'node:path';
import { lastValueFrom, tap, toArray } from 'rxjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { loadModel } from '../../src/causal-lm/load-model.ts';
import { isReservedMetric } from '../../src/environment/scoring/reserved-metrics.ts';
import { InputError } from '../../src/errors.ts';
import type { EvalRow } from '../../src/evaluation/evaluate-greedy.ts';
import { evaluateModel } from '../../src/evaluation/evaluate-model.ts';
import { train } from '../../src/index.ts';
import { createPolicy } from '../../src/policy/create-policy.ts';
import { parseRecipe } from '../../src/recipe/recipe.ts';
import { verifyRun } from '../../src/run/verify/verify-run.ts';
import type { Environment, Message, TrainEvent } from '../../src/types.ts';
import { lines } from '../pipeline/run.ts';
import { modelFolder, newPath, textOf } from './model-folder.ts';
import { openTiny, type RecipeOverrides, tinyRecipe } from './tiny-policy.ts';

// Prompts longer than sampling.maxPromptLength, through whole runs.

const say = (role: Message['role'], ids: readonly number[]): Message => ({ role, content: textOf(ids) });
/** 13 tokens, an END after each answer among them. */
const long = [
  say('system', [65]),
  say('user', [66, 67, 68]),
  say('assistant', [69]),
  say('user', [70, 71]),
  say('assistant', [72]),
  say('user', [73, 74, 75]),
];
const short = [say('user', [80, 81])];
/** What is left of the long one in 6 tokens. Its last 6 would be others. */
const cut = { messages: [long[0], long[5]], promptIds: [65, 73, 74, 75] };

/** Every second task's prompt is long. */
const env: Environment = {
  name: 'talks',
  async *tasks(split) {
    for (let i = 0; i < 8; i++) yield { id: `${split}-${i}`, long: i % 2 === 0 };
  },
  prompt: (task) => (task.long ? long : short),
  target: () => textOf([90, 91]),
};
const requests = [
  { task: { id: 'long' }, messages: long },
  { task: { id: 'short' }, messages: short },
];

const talks = (overrides: RecipeOverrides = {}): RecipeOverrides => ({
  env,
  method: 'lora',
  steps: 3,
  ...overrides,
  sampling: { groupSize: 4, promptsPerStep: 2, maxNewTokens: 3, maxPromptLength: 6, ...overrides.sampling },
});
const recipeOf = (overrides?: RecipeOverrides) =>
  tinyRecipe(modelFolder({ chatTemplate: true }), talks(overrides));

const warningsOf = (events: readonly TrainEvent[]) =>
  events.flatMap((event) => (event.type === 'warning' ? [[event.step, event.message] as const] : []));
const ofPrompts = (events: readonly TrainEvent[]) =>
  warningsOf(events).filter(([, message]) => message.includes('sampling.maxPromptLength'));

const atStart =
  'sampling.maxPromptLength (6 tokens) cuts 2 of 3 held-out prompts: they lose their oldest turns, and keep the system message';
const inBatch =
  'prompts longer than sampling.maxPromptLength were cut, 1 in this batch: raise it, or leave such tasks out';

describe('a run with prompts over the limit', () => {
  const recipe = recipeOf();
  const out = join(newPath(), 'run');
  let first: TrainEvent[];
  let rest: TrainEvent[];
  beforeAll(async () => {
    const stop = new AbortController();
    first = await lastValueFrom(
      train(recipe, { out, signal: stop.signal }).pipe(
        tap((event) => event.type === 'step' && stop.abort()),
        toArray(),
      ),
    );
    rest = await lastValueFrom(train(recipe, { out, resume: true }).pipe(toArray()));
  });

  test('was stopped, and went on to its end', () => {
    expect([first.at(-1)!.type, rest.at(-1)!.type]).toEqual(['stopped', 'done']);
  });

  test('warns of held-out ones at each start, and of those of a batch once, over a resume too', () => {
    expect(ofPrompts(first)).toEqual([
      [0, atStart],
      [0, `${inBatch}; rollouts.jsonl shows what the policy saw`],
    ]);
    expect(ofPrompts(rest)).toEqual([[1, atStart]]);
  });

  test('counts the prompts that were cut, whatever their completions', async () => {
    const metrics = await lines(out, 'metrics.jsonl');
    expect(metrics.map((each) => each['prompts/truncated'])).toEqual([1, 1, 1]);
    expect(metrics.flatMap(Object.keys).filter((name) => !isReservedMetric(name))).toEqual([]);
  });

  test('records what the policy saw', async () => {
    const rollouts = await lines(out, 'rollouts.jsonl');
    const prompts = rollouts.slice(0, 8).map(({ prompt }) => prompt);
    expect(prompts).toEqual([...Array(4).fill(cut.messages), ...Array(4).fill(short)]);
  });

  test('is verified on the prompts that the policy saw', async () => {
    const rows: (readonly number[])[] = [];
    const spied: typeof createPolicy = async (given) => {
      const policy = await createPolicy(given);
      const logits = policy.logits.bind(policy);
      return Object.assign(policy, {
        logits: (batch: Parameters<typeof logits>[0]) => {
          rows.push(...batch.inputIds);
          return logits(batch);
        },
      });
    };
    const answers = (await lines(out, 'held-out.jsonl')) as unknown as EvalRow[];
    const { ok } = await verifyRun(out, {
      recipe: parseRecipe(recipe),
      createPolicy: spied,
      loadModel,
      answerAnew: async () => answers,
    });
    expect(ok).toBe(true);
    expect(rows).toEqual(
      answers.map(({ tokenIds }, i) => [...(i % 2 === 0 ? cut.promptIds : [80, 81]), ...tokenIds]),
    );
  });
});

describe('a run that drops prompts over the limit', () => {
  const recipe = recipeOf({ sampling: { longPrompts: 'drop' } });
  const out = join(newPath(), 'run');
  let events: TrainEvent[];
  beforeAll(async () => {
    events = await lastValueFrom(train(recipe, { out }).pipe(toArray()));
  });

  test('trains and evaluates on the others alone, and counts those it left out', async () => {
    expect(events.at(-1)!.type).toBe('done');
    expect(ofPrompts(events)).toEqual([]);
    const rollouts = await lines(out, 'rollouts.jsonl');
    expect(new Set(rollouts.map(({ task }) => task))).toEqual(
      new Set(['train-1', 'train-3', 'train-5', 'train-7']),
    );
    const answers = await lines(out, 'held-out.jsonl');
    expect(answers.map(({ task }) => task)).toEqual(['test-1', 'test-3', 'test-5']);
    const metrics = await lines(out, 'metrics.jsonl');
    expect(metrics.map((each) => each['prompts/dropped'])).toEqual([2, 2, 2]);
    expect(metrics[0]).not.toHaveProperty('prompts/truncated');
  });

  test('is evaluated and verified on the same tasks by its merged model', async () => {
    const model = await loadModel(join(out, 'merged'), {
      engine: { engine: 'onnx', device: 'cpu', threads: 1 },
    });
    const { rows } = await evaluateModel(recipe, { model });
    await model.dispose();
    expect(rows.map(({ task }) => task)).toEqual(['test-1', 'test-3', 'test-5']);
    const verified = await verifyRun(out, {
      recipe: parseRecipe(recipe),
      createPolicy,
      loadModel,
      answerAnew: async () => rows,
    });
    expect(verified.ok).toBe(true);
  });

  test('says so when no prompt is within the limit', async () => {
    const none = recipeOf({ sampling: { longPrompts: 'drop', maxPromptLength: 1 } });
    const started = lastValueFrom(train(none, { out: join(newPath(), 'run') }));
    await expect(started).rejects.toThrow(
      'none of the first 8 test tasks of env "talks" has a prompt within sampling.maxPromptLength',
    );
  });
});

test('a run that allows no prompt over the limit ends at the first one', async () => {
  const recipe = recipeOf({ sampling: { longPrompts: 'error' } });
  const started = lastValueFrom(train(recipe, { out: join(newPath(), 'run') }));
  await expect(started).rejects.toThrow(
    new InputError('task "test-0": the prompt has 13 tokens, more than the 6 allowed'),
  );
});

test('a run within the limit has no such metric and no warning', async () => {
  const out = join(newPath(), 'run');
  const recipe = recipeOf({ steps: 1, sampling: { maxPromptLength: 13 } });
  const events = await lastValueFrom(train(recipe, { out }).pipe(toArray()));
  expect(ofPrompts(events)).toEqual([]);
  expect((await lines(out, 'metrics.jsonl'))[0]).not.toHaveProperty('prompts/truncated');
});

test('a rollout carries the messages that the policy saw and how many tokens were cut', async () => {
  const tiny = await openTiny({ chatTemplate: true, recipe: talks() });
  const rollouts = await tiny.policy.snapshot().sample(requests, { ...tiny.recipe.sampling, seed: 5 });
  for (const rollout of rollouts.slice(0, 4)) expect(rollout).toMatchObject({ ...cut, promptTokensCut: 9 });
  for (const rollout of rollouts.slice(4)) {
    expect(rollout).toMatchObject({ messages: short, promptIds: [80, 81] });
    expect(rollout).not.toHaveProperty('promptTokensCut');
  }
});

describe('supervised fine-tuning', () => {
  test('cuts the prompts of examples in the same way', async () => {
    const tiny = await openTiny({ chatTemplate: true, recipe: talks({ objective: 'sft' }) });
    const [first, second] = requests.map((request) =>
      tiny.policy.snapshot().encodeExample({ ...request, target: textOf([90]) }),
    );
    expect(first).toMatchObject({ ...cut, promptTokensCut: 9 });
    expect(second).toMatchObject({ messages: short, promptIds: [80, 81] });
    expect(second).not.toHaveProperty('promptTokensCut');
  });

  test('counts them and warns, without a word on rollouts', async () => {
    const out = join(newPath(), 'run');
    const recipe = recipeOf({ objective: 'sft' });
    const events = await lastValueFrom(train(recipe, { out }).pipe(toArray()));
    expect(ofPrompts(events)).toEqual([
      [0, atStart],
      [0, inBatch],
    ]);
    const metrics = await lines(out, 'metrics.jsonl');
    expect(metrics.map((each) => each['prompts/truncated'])).toEqual([1, 1, 1]);
  });
});

test('a prompt that can’t be cut so far is bad input, with its task’s id', async () => {
  const { policy, recipe } = await openTiny({ chatTemplate: true, recipe: talks() });
  const [request] = requests;
  const sampling = { ...recipe.sampling, maxPromptLength: 1, seed: 5 };
  await expect(policy.snapshot().sample([request!], sampling)).rejects.toThrow(InputError);
  await expect(policy.snapshot().sample([request!], sampling)).rejects.toThrow(
    /^task "long": the prompt can’t be cut to 1 tokens/,
  );
});
