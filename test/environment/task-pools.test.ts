import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { arithmetic, dataset } from '../../envs/index.ts';
import { chosenTasks } from '../../src/environment/chosen-tasks.ts';
import { setAside } from '../../src/environment/set-aside.ts';
import { shuffled } from '../../src/environment/shuffled.ts';
import { TaskSource } from '../../src/environment/task-source.ts';
import { trainingTasks } from '../../src/environment/training-tasks.ts';
import { InputError } from '../../src/errors.ts';
import { evaluationTasks } from '../../src/evaluation/evaluation-tasks.ts';
import { parseRecipe } from '../../src/recipe/recipe.ts';
import type { Environment, Task, TaskPart, TrainEvent } from '../../src/types.ts';
import { banditRecipe, sevens } from '../pipeline/bandit.ts';
import { lines, runBandit, temporaryFolder } from '../pipeline/run.ts';

async function idsOf(pool: { tasks(part: TaskPart): AsyncIterable<Task> }, part: TaskPart) {
  const ids: string[] = [];
  for await (const task of pool.tasks(part)) ids.push(task.id);
  return ids;
}

test('tasks set aside and tasks to train on are the train split, each once and in its order', async () => {
  const all = await idsOf(arithmetic(), 'train');
  const pool = setAside(arithmetic(), 0.1);
  const [train, validation] = [await idsOf(pool, 'train'), await idsOf(pool, 'validation')];
  const aside = new Set(validation);
  expect(all.filter((id) => !aside.has(id))).toEqual(train);
  expect(all.filter((id) => aside.has(id))).toEqual(validation);
  expect(validation.length / all.length).toBeCloseTo(0.1, 1);
});

test('a hash of the id alone decides: another order sets the same tasks aside', async () => {
  const one = await idsOf(setAside(arithmetic({ seed: 1 }), 0.25), 'validation');
  const two = await idsOf(setAside(arithmetic({ seed: 2 }), 0.25), 'validation');
  expect(one).not.toEqual(two);
  expect([...one].sort()).toEqual([...two].sort());
  for (const id of one.slice(0, 50)) {
    const hex = createHash('sha256').update(`validation\n${id}`).digest('hex');
    expect(Number.parseInt(hex.slice(0, 8), 16)).toBeLessThan(2 ** 30);
  }
});

test('the test split is not touched, and nothing is set aside by default', async () => {
  const env = arithmetic();
  expect(await idsOf(setAside(env, 0.5), 'test')).toEqual(await idsOf(env, 'test'));
  expect(await idsOf(setAside(env, 0), 'test')).toEqual(await idsOf(env, 'test'));
});

test('an environment is called with the split alone: its function may have options of its own', async () => {
  const given: unknown[][] = [];
  const tasks = (...args: unknown[]) => {
    given.push(args);
    return arithmetic().tasks('test');
  };
  await idsOf(setAside({ ...arithmetic(), tasks }, 0), 'test');
  expect(given).toEqual([['test']]);
});

test('validation tasks without any set aside are an error that names the field', async () => {
  const recipe = parseRecipe(banditRecipe());
  await expect(evaluationTasks(recipe, 'validation', () => true)).rejects.toThrow(InputError);
  expect(() => parseRecipe({ ...banditRecipe(), eval: { split: 'validation' } })).toThrow(
    /eval\.validationShare.*must be above 0/,
  );
});

describe('shuffled tasks', () => {
  const order = (seed: number, room?: number) => shuffled(arithmetic(), { seed, ...(room && { room }) });

  test('are the same tasks in an order of the seed and of the pass', async () => {
    const all = await idsOf(arithmetic(), 'train');
    const [one, again, two] = [
      await idsOf(order(1), 'train'),
      await idsOf(order(1), 'train'),
      await idsOf(order(2), 'train'),
    ];
    expect(one).toEqual(again);
    expect(one).not.toEqual(all);
    expect(one).not.toEqual(two);
    expect([...one].sort()).toEqual([...all].sort());
    expect(await idsOf({ tasks: (part) => order(1).tasks(part, 1) }, 'train')).not.toEqual(one);
  });

  test('are in the same order however few of them are held at a time', async () => {
    const all = await idsOf(order(3), 'train');
    let reads = 0;
    const counted = {
      name: 'counted',
      tasks(part: TaskPart) {
        reads++;
        return arithmetic().tasks(part as 'train');
      },
    };
    expect(await idsOf(shuffled(counted, { seed: 3, room: 100_000 }), 'train')).toEqual(all);
    // Once to count them, and once for each part that fits.
    expect(reads).toBeGreaterThan(5);
    expect(reads).toBeLessThan(20);
    // Any task may come at any place: the first hundred drawn come from everywhere.
    const places = new Map((await idsOf(arithmetic(), 'train')).map((id, i) => [id, i]));
    const first = all.slice(0, 100).map((id) => places.get(id)! / places.size);
    expect(first.reduce((a, b) => a + b) / 100).toBeCloseTo(0.5, 1);
    expect(Math.max(...first)).toBeGreaterThan(0.9);
  });

  const five = {
    name: 'five',
    async *tasks() {
      for (const id of 'abcde') yield { id };
    },
  };

  test.each([1, 15, 1000])(
    'are found again by a source that goes on, in a later pass too (room %i)',
    async (room) => {
      const pool = shuffled(five, { seed: 1, room });
      const ids = ({ tasks }: { readonly tasks: readonly Task[] }) => tasks.map(({ id }) => id).join('');
      const whole = ids(await new TaskSource(pool, 'train').take(20));
      expect(new Set(whole.match(/.{5}/g)).size).toBeGreaterThan(1);
      for (const pass of whole.match(/.{5}/g)!) expect([...pass].sort().join('')).toBe('abcde');
      for (let taken = 0; taken < 20; taken++) {
        const source = new TaskSource(pool, 'train');
        const before = ids(await source.take(taken));
        const after = ids(await new TaskSource(pool, 'train', source.position()).take(20 - taken));
        expect(before + after).toBe(whole);
      }
    },
  );

  test('that are fewer than a checkpoint had read are an error', async () => {
    const source = new TaskSource(shuffled(five, { seed: 1 }), 'train', { epoch: 0, offset: 9 });
    await expect(source.take(1)).rejects.toThrow(
      'env "five" has 5 train tasks, but the checkpoint had read 9: its data has changed',
    );
  });

  test('keep the tasks set aside out', async () => {
    const env = arithmetic();
    const aside = new Set(await idsOf(setAside(env, 0.2), 'validation'));
    const recipe = { env, seed: 1, eval: { validationShare: 0.2 }, sampling: { shuffle: true } };
    const drawn = await idsOf(trainingTasks(recipe), 'train');
    expect(drawn.filter((id) => aside.has(id))).toEqual([]);
    expect(drawn.length + aside.size).toBe((await idsOf(env, 'train')).length);
  });
});

describe('chosen tasks', () => {
  const numbers = (count: number) => ({
    name: 'numbers',
    async *tasks() {
      for (let i = 0; i < count; i++) yield { id: String(i), i };
    },
  });
  const chosen = async (count: number, seed = 0, suits?: (task: Task) => boolean) =>
    (await chosenTasks(numbers(1000), 'test', { count, seed, ...(suits && { suits }) })).map(
      ({ i }) => i as number,
    );

  test('are chosen by the seed, from everywhere, each once, in order', async () => {
    const some = await chosen(100);
    expect(some).toEqual(await chosen(100));
    expect(some).not.toEqual(await chosen(100, 1));
    expect(some).toEqual([...new Set(some)].sort((a, b) => a - b));
    expect(some).toHaveLength(100);
    expect(Math.min(...some)).toBeLessThan(100);
    expect(Math.max(...some)).toBeGreaterThan(900);
  });

  test('are each as likely as the others', async () => {
    const counts = new Array(10).fill(0);
    for (let seed = 0; seed < 400; seed++)
      for (const { i } of await chosenTasks(numbers(10), 'test', { count: 3, seed })) counts[i as number]++;
    // 120 of each are expected; ± 4 standard deviations of 9.2.
    for (const count of counts) expect(Math.abs(count - 120)).toBeLessThan(37);
  });

  test('of fewer than wanted are all of them, in order', async () => {
    expect(await chosen(5000)).toEqual([...Array(1000).keys()]);
  });

  test('are those that suit', async () => {
    const odd = await chosen(100, 0, ({ i }) => (i as number) % 2 === 1);
    expect(odd).toHaveLength(100);
    expect(odd.every((i) => i % 2 === 1)).toBe(true);
    await expect(chosen(3, 0, () => false)).rejects.toThrow(
      'none of the 1000 test tasks of env "numbers" has a prompt within sampling.maxPromptLength',
    );
    await expect(chosenTasks(numbers(0), 'test', { count: 1, seed: 0 })).rejects.toThrow(
      'env "numbers" has no tasks in its test split',
    );
  });
});

describe('a run on data files', () => {
  const rows = (count: number) =>
    Array.from({ length: count }, (_, i) => `${JSON.stringify({ question: `q${i}`, answer: '7' })}\n`).join(
      '',
    );

  async function files() {
    const folder = await temporaryFolder();
    writeFileSync(join(folder, 'train.jsonl'), rows(30));
    writeFileSync(join(folder, 'test.jsonl'), rows(20));
    return dataset({ path: folder });
  }

  const recipeOf = (env: Environment, sampling: object = {}) =>
    banditRecipe({
      env,
      sampling: { groupSize: 4, promptsPerStep: 5, ...sampling },
      eval: { every: 6, tasks: 4 },
    });

  const drawn = async (out: string) => [
    ...new Set((await lines(out, 'rollouts.jsonl')).map(({ task }) => task as string)),
  ];

  test('draws all rows in another order each pass, evaluates on rows chosen at random, and goes on so', async () => {
    const env = await files();
    const [out, killed] = [join(await temporaryFolder(), 'run'), join(await temporaryFolder(), 'killed')];
    const { bandit } = await runBandit(recipeOf(env), { out });
    const tasks = (await lines(out, 'rollouts.jsonl'))
      .map(({ task }) => task as string)
      .filter((_, i) => i % 4 === 0);
    const [first, second] = [tasks.slice(0, 30), tasks.slice(30)];
    expect(new Set(first).size).toBe(30);
    expect([...first].sort()).toEqual([...second].sort());
    expect(first).not.toEqual(second);
    const heldOut = (await lines(out, 'held-out.jsonl')).map(({ task }) => task as string);
    expect(heldOut).not.toEqual(['test.jsonl:1', 'test.jsonl:2', 'test.jsonl:3', 'test.jsonl:4']);
    const stop = new AbortController();
    const onEvent = (event: TrainEvent) => event.type === 'step' && event.metrics.step === 7 && stop.abort();
    await runBandit(recipeOf(env), { out: killed, signal: stop.signal }, { onEvent });
    const resumed = await runBandit(recipeOf(env), { out: killed, resume: true });
    expect(resumed.bandit.state()).toEqual(bandit.state());
    for (const file of ['metrics.jsonl', 'rollouts.jsonl', 'evals.jsonl', 'held-out.jsonl'])
      expect(await lines(killed, file)).toEqual(await lines(out, file));
  });

  test('draws the rows as they stand with shuffle: false; one without files is as it was', async () => {
    const env = await files();
    const out = join(await temporaryFolder(), 'run');
    await runBandit(recipeOf(env, { shuffle: false }), { out });
    expect(await drawn(out)).toEqual(Array.from({ length: 30 }, (_, i) => `train.jsonl:${i + 1}`));
    expect((await lines(out, 'held-out.jsonl')).map(({ task }) => task)).toEqual(
      [1, 2, 3, 4].map((row) => `test.jsonl:${row}`),
    );
    expect(parseRecipe(recipeOf(env)).sampling.shuffle).toBe(true);
    expect(parseRecipe(banditRecipe()).sampling.shuffle).toBe(false);
  });

  test('draws tasks without end in their order where they only take something from files', async () => {
    const out = join(await temporaryFolder(), 'run');
    const { files: words } = await files();
    const endless = { ...sevens(), files: words! };
    await runBandit(recipeOf(endless), { out });
    expect(await drawn(out)).toEqual(Array.from({ length: 60 }, (_, i) => `train-${i}`));
    expect((await lines(out, 'held-out.jsonl')).map(({ task }) => task)).toEqual(
      [0, 1, 2, 3].map((i) => `test-${i}`),
    );
    expect(parseRecipe(recipeOf({ ...endless, rows: true })).sampling.shuffle).toBe(true);
  });

  test('evaluates on the same rows whatever the seed of the run, and on others with eval.seed', async () => {
    const env = await files();
    const ids = async (overrides: object) =>
      (await evaluationTasks(parseRecipe({ ...recipeOf(env), ...overrides }), 'test', () => true)).map(
        ({ id }) => id,
      );
    expect(await ids({ seed: 1 })).toEqual(await ids({ seed: 2 }));
    expect(await ids({ eval: { tasks: 4, seed: 1 } })).not.toEqual(await ids({ eval: { tasks: 4 } }));
  });
});
