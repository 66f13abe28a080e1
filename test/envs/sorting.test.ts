import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { sorting } from '../../envs/index.ts';
import { captured } from '../../rewards/index.ts';
import { writtenBatch } from '../../src/environment/scoring/written-batch.ts';
import { InputError } from '../../src/errors.ts';
import type { Task } from '../../src/types.ts';
import { collect, validate } from './collect.ts';

const prompts = (tasks: readonly Task[]) => tasks.map((task) => String(task.prompt));
const both = async (options: Parameters<typeof sorting>[0] = {}) => [
  ...(await collect(sorting(options), 'train')),
  ...(await collect(sorting(options), 'test')),
];

/** Sorts by counting how often each number occurs. */
function counted(numbers: readonly number[]): number[] {
  const times = new Map<number, number>();
  for (const n of numbers) times.set(n, (times.get(n) ?? 0) + 1);
  return Array.from({ length: 1000 }, (_, n) => Array<number>(times.get(n) ?? 0).fill(n)).flat();
}

test('draws 20,000 distinct lists of eight digits, about a tenth of them held out', async () => {
  const all = prompts(await both());
  expect(new Set(all).size).toBe(20_000);
  for (const prompt of all) expect(prompt).toMatch(/^(\d ){7}\d=$/);
  const held = (await collect(sorting(), 'test')).length;
  expect(held / 20_000).toBeGreaterThan(0.09);
  expect(held / 20_000).toBeLessThan(0.11);
});

test('the answer is the prompt’s numbers in ascending order', async () => {
  for (const task of await both({ lists: 500, count: [2, 6], range: [5, 120] })) {
    const numbers = String(task.prompt).slice(0, -1).split(' ').map(Number);
    expect(numbers.length).toBeGreaterThanOrEqual(2);
    expect(numbers.length).toBeLessThanOrEqual(6);
    for (const n of numbers) expect(n >= 5 && n <= 120).toBe(true);
    expect(task.id).toBe(task.prompt);
    expect(String(task.answer).split(' ').map(Number)).toEqual(counted(numbers));
  }
});

test('no prompt of one split is in the other, whatever the options', async () => {
  const held = new Set(prompts(await collect(sorting({ count: [3, 3] }), 'test')));
  expect(held.size).toBeGreaterThan(50);
  for (const options of [{ seed: 7 }, { range: [0, 11] as [number, number] }, { lists: 700 }]) {
    const train = prompts(await collect(sorting({ count: [3, 3], ...options }), 'train'));
    expect(train.length).toBeGreaterThan(500);
    expect(train.filter((prompt) => held.has(prompt))).toEqual([]);
  }
});

test('where there are fewer lists than asked for, all of them are drawn, in the order of the seed', async () => {
  const small = { count: [2, 3] as [number, number], range: [1, 4] as [number, number] };
  const all = prompts(await both(small));
  expect(new Set(all).size).toBe(4 ** 2 + 4 ** 3);
  expect(all.length).toBe(80);
  const other = prompts(await both({ ...small, seed: 1 }));
  expect(other).not.toEqual(all);
  expect([...other].sort()).toEqual([...all].sort());
  expect(prompts(await both(small))).toEqual(all);
});

test('the embedded model’s alphabet holds every character of prompts and answers', async () => {
  const file = new URL('../../models/tiny/tokenizer.json', import.meta.url);
  const { vocab } = JSON.parse(readFileSync(file, 'utf8')).model;
  for (const { prompt, answer } of await both({ lists: 500, count: [2, 4], range: [0, 99] })) {
    for (const character of `${prompt}${answer}`) expect(vocab).toHaveProperty([character]);
  }
});

test('every gold answer verifies, and what is nearly one does not', async () => {
  expect(await validate(sorting({ lists: 2000 }))).toEqual({ total: 2000, failures: [] });
  const env = sorting();
  const task = { id: '3 1 2=', prompt: '3 1 2=', numbers: [3, 1, 2], answer: '1 2 3' };
  const completions = ['1 2 3', '1 2 3 3', '1 2', '3 1 2', '1  2 3', '123', ''];
  const tasks = completions.map(() => task);
  const { signal } = new AbortController();
  const batch = writtenBatch({ tasks, prompts: tasks.map(env.prompt), completions, signal });
  expect(await captured({ pattern: /^(.*)$/ })(batch)).toEqual([1, 0, 0, 0, 0, 0, 0]);
});

test('configure changes one option and keeps the others', async () => {
  const env = sorting({ count: [3, 3], lists: 100 }).configure!({ range: [0, 3] });
  expect(env.options).toEqual({ seed: 0, lists: 100, count: [3, 3], range: [0, 3] });
  expect((await collect(env, 'train')).length + (await collect(env, 'test')).length).toBe(4 ** 3);
});

test('a bad option is named with its value', () => {
  expect(() => sorting({ count: [5, 3] })).toThrow(/env sorting: count.*low ≤ high.*\[5,3\]/);
  expect(() => sorting({ range: [4, 4] })).toThrow(/env sorting: range.*low < high.*\[4,4\]/);
  expect(() => sorting({ count: [1, 3] })).toThrow(InputError);
  expect(() => sorting().configure!({ lists: 'many' })).toThrow(/env sorting: lists.*"many"/);
  expect(() => sorting().configure!({ numbers: 3 })).toThrow(InputError);
});
