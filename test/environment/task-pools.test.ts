import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { arithmetic } from '../../envs/index.ts';
import { setAside } from '../../src/environment/set-aside.ts';
import { shuffled } from '../../src/environment/shuffled.ts';
import { TaskSource } from '../../src/environment/task-source.ts';
import { InputError } from '../../src/errors.ts';
import { evaluationTasks } from '../../src/evaluation/evaluation-tasks.ts';
import { parseRecipe } from '../../src/recipe/recipe.ts';
import type { Task, TaskPart } from '../../src/types.ts';
import { banditRecipe } from '../pipeline/bandit.ts';

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
  expect(setAside(env, 0)).toBe(env);
});

test('validation tasks without any set aside are an error that names the field', async () => {
  const recipe = parseRecipe(banditRecipe());
  await expect(evaluationTasks(recipe, 'validation', () => true)).rejects.toThrow(InputError);
  expect(() => parseRecipe({ ...banditRecipe(), eval: { split: 'validation' } })).toThrow(
    /eval\.validationShare.*must be above 0/,
  );
});

describe('shuffled tasks', () => {
  const order = (seed: number, window = 100_000) => shuffled(arithmetic(), { seed, window });

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
    expect(order(1, 0)).toEqual(expect.objectContaining({ name: 'arithmetic' }));
    expect(await idsOf(order(1, 0), 'train')).toEqual(all);
  });

  test('stay within their window', async () => {
    const all = await idsOf(arithmetic(), 'train');
    const some = await idsOf(order(3, 10), 'train');
    for (let start = 0; start < 100; start += 10) {
      const block = some.slice(start, start + 10);
      expect(block).not.toEqual(all.slice(start, start + 10));
      expect([...block].sort()).toEqual(all.slice(start, start + 10).sort());
    }
  });

  test('are found again by a source that goes on, in a later pass too', async () => {
    const pool = shuffled(
      {
        name: 'five',
        async *tasks() {
          for (const id of 'abcde') yield { id };
        },
      },
      { seed: 1, window: 4 },
    );
    const ids = ({ tasks }: { readonly tasks: readonly Task[] }) => tasks.map(({ id }) => id).join('');
    const whole = ids(await new TaskSource(pool, 'train').take(20));
    expect(new Set(whole.match(/.{5}/g)).size).toBeGreaterThan(1);
    for (let taken = 0; taken < 20; taken++) {
      const source = new TaskSource(pool, 'train');
      const before = ids(await source.take(taken));
      const after = ids(await new TaskSource(pool, 'train', source.position()).take(20 - taken));
      expect(before + after).toBe(whole);
    }
  });
});
