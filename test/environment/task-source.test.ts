import { describe, expect, test } from 'vitest';
import { firstTasks, TaskSource } from '../../src/environment/task-source.ts';
import { InputError, RunError } from '../../src/errors.ts';
import type { Environment } from '../../src/types.ts';

function finite(count: number): Environment & { opened: number; closed: number } {
  const env = {
    name: 'finite',
    opened: 0,
    closed: 0,
    async *tasks() {
      env.opened++;
      try {
        for (let i = 0; i < count; i++) yield { id: `t${i}` };
      } finally {
        env.closed++;
      }
    },
    prompt: () => [],
  };
  return env;
}

function boom(): never {
  throw new Error('no tasks today');
}

const ids = ({ tasks }: { readonly tasks: readonly { id: string }[] }) =>
  tasks.map((task) => task.id).join(' ');

test('a split that ends starts again', async () => {
  const source = new TaskSource(finite(3), 'train');
  expect(ids(await source.take(5))).toBe('t0 t1 t2 t0 t1');
  expect(source.position()).toEqual({ epoch: 1, offset: 2 });
});

test('a saved position goes on where it was, wherever it was', async () => {
  for (let taken = 0; taken <= 8; taken++) {
    const source = new TaskSource(finite(3), 'train');
    await source.take(taken);
    const again = new TaskSource(finite(3), 'train', source.position());
    expect(ids(await again.take(7))).toBe(ids(await source.take(7)));
  }
});

describe('of tasks that must suit', () => {
  const odd = ({ id }: { id: string }) => Number(id.slice(1)) % 2 === 1;

  test('the others are passed over and counted, across passes', async () => {
    const source = new TaskSource(finite(5), 'train');
    expect(await source.take(3, odd)).toEqual({
      tasks: [{ id: 't1' }, { id: 't3' }, { id: 't1' }],
      passedOver: 4,
    });
    expect(source.position()).toEqual({ epoch: 1, offset: 2 });
    expect((await source.take(1)).passedOver).toBe(0);
  });

  test('some must: when none of the split does, or none for long, that is an error', async () => {
    const none = () => false;
    const whole = new TaskSource(finite(3), 'train').take(1, none);
    await expect(whole).rejects.toThrow(RunError);
    await expect(whole).rejects.toThrow(
      /^\d tasks in a row of env "finite" were passed over, by the curriculum or/,
    );
    const endless = new TaskSource(finite(Number.POSITIVE_INFINITY), 'train').take(1, none);
    await expect(endless).rejects.toThrow(/^100000 tasks in a row of env/);
  });
});

test('probing reads one task, which is still the next to take', async () => {
  const source = new TaskSource(finite(3), 'train');
  await source.probe();
  expect(source.position()).toEqual({ epoch: 0, offset: 0 });
  expect(ids(await source.take(2))).toBe('t0 t1');
});

test('closing lets the environment close what it opened', async () => {
  const env = finite(3);
  const source = new TaskSource(env, 'train');
  await source.take(1);
  await source.close();
  expect(env).toMatchObject({ opened: 1, closed: 1 });
  await firstTasks(env, 'test', { count: 2 });
  expect(env).toMatchObject({ opened: 2, closed: 2 });
});

test('no tasks, and fewer than a checkpoint had read, are refused', async () => {
  await expect(new TaskSource(finite(0), 'train').take(1)).rejects.toThrow(
    'env "finite" has no tasks in its train split',
  );
  await expect(firstTasks(finite(0), 'test', { count: 1 })).rejects.toThrow(InputError);
  const moved = new TaskSource(finite(2), 'train', { epoch: 0, offset: 3 });
  await expect(moved.probe()).rejects.toThrow(
    /has 2 train tasks, but the checkpoint had read 3: its data has changed/,
  );
});

test.each([
  [
    'throws at once',
    () => boom(),
    /failed to give a task of its train split: no tasks today \(at .*test\.ts/,
  ],
  [
    'throws later',
    async function* () {
      yield boom();
    },
    /no tasks today/,
  ],
  [
    'has a task without an id',
    async function* () {
      yield { question: 'why?' };
    },
    /a task needs an id, a text of its own/,
  ],
])('an environment that %s is named', async (_, tasks, message) => {
  const env = { name: 'mine', tasks, prompt: () => [] } as unknown as Environment;
  await expect(new TaskSource(env, 'train').probe()).rejects.toThrow(InputError);
  await expect(firstTasks(env, 'train', { count: 3 })).rejects.toThrow(/^env "mine" failed/);
  await expect(firstTasks(env, 'train', { count: 3 })).rejects.toThrow(message);
});

test('fewer held-out tasks than asked for are all of them', async () => {
  expect(await firstTasks(finite(3), 'test', { count: 9 })).toHaveLength(3);
  expect(await firstTasks(finite(3), 'test', { count: 2 })).toHaveLength(2);
});
