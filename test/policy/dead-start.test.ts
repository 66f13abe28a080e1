import { describe, expect, test } from 'vitest';
import { activations, placements } from '../../src/adapter/adapter-settings.ts';
import { startsDead } from '../../src/adapter/dead-start.ts';
import { recipeWarnings } from '../../src/pipeline/session/warnings.ts';
import { parseRecipe } from '../../src/recipe/recipe.ts';
import { mixed, rollOut, withAdvantages } from './rollouts.ts';
import { openTiny, tinyRecipe } from './tiny-policy.ts';

const combinations = placements.flatMap((placement) =>
  activations.map((activation) => ({ placement, activation })),
);

describe('a fresh adapter at β = 1', () => {
  test.each(combinations)(
    '$placement with $activation is told dead just when its gradient is 0',
    async (adapter) => {
      const tiny = await openTiny({ recipe: { adapter } });
      const rollouts = withAdvantages(await rollOut(tiny), mixed);
      const { grad_norm } = await tiny.policy.update({ objective: 'rl', rollouts });
      expect(grad_norm === 0).toBe(startsDead(tiny.recipe));
    },
  );

  test('that is dead is warned of; not where there is no annealing', () => {
    const warnings = (overrides: Parameters<typeof tinyRecipe>[1]) =>
      recipeWarnings(parseRecipe(tinyRecipe('tiny', { optimizer: { lr: 1e-3 }, ...overrides })));
    const dead = { placement: 's-A-B-s', activation: 'relu' } as const;
    expect(warnings({ adapter: dead })).toEqual([
      expect.stringMatching(
        /^adapter\.placement s-A-B-s with relu gives an exactly zero gradient while β = 1/,
      ),
    ]);
    expect(warnings({ adapter: { ...dead, activation: 'silu' } })).toEqual([]);
    expect(warnings({ adapter: { ...dead, schedule: { fraction: 0 } } })).toEqual([]);
  });
});
