import { expect, test } from 'vitest';
import { named } from '../../rewards/batch/per-completion.ts';
import { shuffled } from '../../rewards/shuffled.ts';
import { RunError } from '../../src/errors.ts';
import type { RewardBatch } from '../../src/types.ts';

const completions = Array.from({ length: 50 }, (_, i) => String(i));
const own = named('own', ({ completions }) => completions.map(Number));
const batch = (step: number) => ({ completions, step }) as unknown as RewardBatch;

test('a shuffled reward deals the same scores to other completions', async () => {
  const scores = (await shuffled(own)(batch(3))) as number[];
  expect([...scores].sort((a, b) => a - b)).toEqual(completions.map(Number));
  expect(scores).not.toEqual(completions.map(Number));
  expect(shuffled(own).name).toBe('shuffled_own');
});

test('the dealing is another at every step and seed, and the same again for the same', async () => {
  const first = await shuffled(own)(batch(3));
  expect(await shuffled(own)(batch(3))).toEqual(first);
  expect(await shuffled(own)(batch(4))).not.toEqual(first);
  expect(await shuffled(own, { seed: 1 })(batch(3))).not.toEqual(first);
});

test('a reward that gives a wrong number of scores fails as it would alone', async () => {
  await expect(shuffled(named('own', () => [1]))(batch(0))).rejects.toThrow(RunError);
  await expect(shuffled(named('own', () => [1]))(batch(0))).rejects.toThrow(
    'its reward "own" gave 1 scores for 50 completions',
  );
});
