import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { countdown } from '../../envs/index.ts';
import { countdownReward } from '../../rewards/index.ts';
import { score } from '../rewards/score.ts';
import { collect, validate } from './collect.ts';

const compute = (expression: string) => Function(`return ${expression}`)() as number;

describe('countdown', () => {
  test('puzzles are solvable as given, distinct, and of the sizes asked for', async () => {
    const env = countdown({ puzzles: 400, numbers: [3, 5], largest: 30, targets: [20, 200] });
    const tasks = [...(await collect(env, 'train')), ...(await collect(env, 'test'))];
    expect(tasks.length).toBe(400);
    expect(new Set(tasks.map((task) => task.id)).size).toBe(400);
    for (const task of tasks) {
      const { nums, target, solution } = task as unknown as {
        nums: number[];
        target: number;
        solution: string;
      };
      expect(compute(solution), solution).toBe(target);
      expect(solution.match(/\d+/g)!.map(Number).sort()).toEqual([...nums].sort());
      expect(nums.length).toBeGreaterThanOrEqual(3);
      expect(nums.length).toBeLessThanOrEqual(5);
      expect(target).toBeGreaterThanOrEqual(20);
      expect(target).toBeLessThanOrEqual(200);
    }
  });

  test('every gold answer verifies', async () => {
    expect(await validate(countdown({ puzzles: 300 }))).toEqual({ total: 300, failures: [] });
  });

  test('the seed decides the puzzles; a puzzle is held out whatever the seed', async () => {
    const ids = async (seed: number, split: 'train' | 'test') =>
      (await collect(countdown({ seed, puzzles: 2000, numbers: [2, 2], largest: 20 }), split)).map(
        (task) => task.id,
      );
    expect(await ids(1, 'train')).toEqual(await ids(1, 'train'));
    expect(await ids(1, 'train')).not.toEqual(await ids(2, 'train'));
    const held = new Set(await ids(1, 'test'));
    expect(held.size).toBeGreaterThan(5);
    expect((await ids(2, 'train')).filter((id) => held.has(id))).toEqual([]);
  });

  test('a right equation on the last line earns 1, another 0.1, none 0', async () => {
    const task = { nums: [4, 6, 2, 3], target: 24 };
    const texts = [
      'I think\n<answer>4 * 6 * (3 - 2)</answer>',
      '<answer>4 * 6</answer>',
      '4 * 6',
      '<answer>4*6*(3-2)</answer>\nDone.',
      '<answer>9**9**9**9*4*6*2*3</answer>',
    ];
    expect(await score(countdownReward(), texts, task)).toEqual([1, 0.1, 0, 0, 0.1]);
  });

  test('few puzzles in a small range end the stream, not the wait', async () => {
    const env = countdown({ puzzles: 5000, numbers: [2, 2], largest: 3, targets: [2, 4] });
    expect((await collect(env, 'train')).length).toBeLessThan(20);
  });

  const samples = process.env.DATA_DIR;
  test.skipIf(samples === undefined)('every recorded puzzle verifies (DATA_DIR)', async () => {
    const path = join(samples ?? '', 'countdown');
    expect(await validate(countdown({ path }))).toEqual({ total: 400, failures: [] });
  });
});
