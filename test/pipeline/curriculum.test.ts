import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { RecipeInput } from '../../src/recipe/recipe.ts';
import type { CurriculumProgress, Task } from '../../src/types.ts';
import { banditRecipe, sevens } from './bandit.ts';
import { lines, runBandit, temporaryFolder } from './run.ts';

/** A run's rollouts, metrics, and what its curriculum saw. */
async function watched(
  overrides: Partial<RecipeInput>,
  suits: (task: Task, progress: CurriculumProgress) => boolean,
) {
  const seen: CurriculumProgress[] = [];
  const out = join(await temporaryFolder(), 'run');
  const curriculum = (task: Task, progress: CurriculumProgress) => {
    seen.push(progress);
    return suits(task, progress);
  };
  await runBandit(banditRecipe({ ...overrides, curriculum }), { out });
  return { seen, rollouts: await lines(out, 'rollouts.jsonl'), metrics: await lines(out, 'metrics.jsonl') };
}

const number = ({ id }: Task) => Number(id.slice('train-'.length));

describe('a curriculum', () => {
  test('chooses tasks by the step of their batch', async () => {
    // Ever larger multiples, as if difficulty rose.
    const { rollouts, metrics } = await watched(
      { steps: 3 },
      (task, { step }) => number(task) % (step + 1) === 0,
    );
    const drawn = [...new Set(rollouts.map(({ task, step }) => `${step}: ${task}`))];
    expect(drawn).toEqual([
      '0: train-0',
      '0: train-1',
      '1: train-2',
      '1: train-4',
      '2: train-6',
      '2: train-9',
    ]);
    expect(metrics.map((m) => m['curriculum/passed_over'])).toEqual([0, 1, 3]);
  });

  test('sees the moving average of rewards, and whose batch it is', async () => {
    const { seen, metrics } = await watched({ steps: 3, algorithm: { numIterations: 2 } }, () => true);
    expect(seen.map(({ step, steps }) => [step, steps])).toEqual([
      [0, 3],
      [0, 3],
      [2, 3],
      [2, 3],
    ]);
    expect(seen[0]!.reward).toBeUndefined();
    expect(seen[2]!.reward).toBe(metrics[0]!.reward);
    const { seen: single } = await watched({ steps: 3 }, () => true);
    const [first, second] = (await watched({ steps: 3 }, () => true)).metrics.map((m) => m.reward as number);
    expect(single.at(-1)!.reward).toBeCloseTo(first! + (2 / 11) * (second! - first!), 9);
  });

  test('that throws is named, with the task and the place', async () => {
    const failing = (task: Task) => (task as unknown as { missing: { deep: boolean } }).missing.deep;
    await expect(watched({ steps: 3 }, failing)).rejects.toThrow(
      /the curriculum failed on task "train-0": Cannot read .*\(at .*curriculum\.test\.ts:\d+:\d+\)/,
    );
  });

  test('draws the same after a resume', async () => {
    const curriculum = (task: Task, { reward = -1 }: CurriculumProgress) =>
      number(task) % 3 !== Math.round(-40 * reward) % 3;
    const folder = await temporaryFolder();
    const recipe = (env = sevens()) =>
      banditRecipe({
        env,
        curriculum,
        steps: 8,
        sampling: { groupSize: 4, promptsPerStep: 2, maxOffPolicySteps: 1 },
      });
    await runBandit(recipe(), { out: join(folder, 'whole') });
    const stop = new AbortController();
    await runBandit(
      recipe(),
      { out: join(folder, 'pieces'), signal: stop.signal },
      { onEvent: (event) => event.type === 'step' && event.metrics.step === 4 && stop.abort() },
    );
    await runBandit(recipe(), { out: join(folder, 'pieces'), resume: true });
    for (const file of ['metrics.jsonl', 'rollouts.jsonl']) {
      expect(await lines(join(folder, 'pieces'), file)).toEqual(await lines(join(folder, 'whole'), file));
    }
  });
});
