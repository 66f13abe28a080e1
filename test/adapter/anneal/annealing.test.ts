import { describe, expect, test } from 'vitest';
import { Annealing } from '../../../src/adapter/anneal/annealing.ts';
import { betaSchedule } from '../../../src/adapter/anneal/beta-schedule.ts';
import { stepsPerBatch } from '../../../src/algorithm/algorithm-settings.ts';
import { parseRecipe, type RecipeInput } from '../../../src/recipe/recipe.ts';
import { banditRecipe } from '../../pipeline/bandit.ts';

function open(overrides: Partial<RecipeInput>): { annealing: Annealing; steps: number } {
  const recipe = parseRecipe(banditRecipe({ method: 'afa-lora', ...overrides }));
  const { steps, adapter, algorithm, metrics } = recipe;
  const schedule = betaSchedule({ schedule: adapter.schedule, steps, layers: 1 });
  const annealing = new Annealing(schedule, {
    schedule: adapter.schedule,
    steps,
    stepsPerMove: algorithm.annealPer === 'batch' ? stepsPerBatch(algorithm) : 1,
    measuresKl: metrics.annealKl,
  });
  return { annealing, steps };
}

describe('β held over a rollout batch', () => {
  const held = (numIterations: number, fraction: number) =>
    open({
      steps: 10,
      algorithm: { numIterations, annealPer: 'batch' },
      adapter: { schedule: { fraction } },
    });

  test.each([
    [4, 0.3, 4],
    [3, 0.3, 3],
    [4, 0.9, 10],
    [4, 0, 0],
  ])(
    'over %i steps with fraction %f is 0 from step %i on, as it says',
    async (iterations, fraction, zeroStep) => {
      const { annealing, steps } = held(iterations, fraction);
      expect(annealing.zeroStep).toBe(zeroStep);
      const betas = [annealing.betas()[0]!];
      for (let step = 1; step <= steps; step++) {
        await annealing.advance(step, {}, async () => 0);
        betas.push(annealing.betas()[0]!);
      }
      expect(betas.indexOf(0)).toBe(zeroStep);
    },
  );
});

describe('maxAnnealKl, whatever the KL is like', () => {
  const course = async (klOf: (move: number) => number) => {
    const { annealing, steps } = open({
      steps: 20,
      adapter: { schedule: { fraction: 1, maxAnnealKl: 1e-3 } },
    });
    const out = [];
    for (let step = 1; step <= steps; step++) {
      const [before] = annealing.betas();
      out.push(await annealing.advance(step, {}, async ([next]) => klOf(before! - next!)));
    }
    return { metrics: out, beta: annealing.betas()[0] };
  };

  test.each([
    ['square', (move: number) => 10 * move ** 2],
    ['linear', (move: number) => 5 * move],
    ['a jump', () => 1],
  ])('holds before the horizon, where 0 wins (%s)', async (_, klOf) => {
    const { metrics, beta } = await course(klOf);
    for (const { anneal_kl: kl } of metrics.slice(0, -1)) expect(kl).toBeLessThanOrEqual(1e-3);
    expect(metrics.at(-1)).toMatchObject({ anneal_kl_exceeded: 1 });
    expect(beta).toBe(0);
  });
});
