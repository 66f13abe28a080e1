import { expect, test } from 'vitest';
import { parseRecipe } from '../../src/recipe/recipe.ts';
import { banditRecipe } from '../pipeline/bandit.ts';

test('a temperature at which the sampler would be greedy is refused: the update divides by it', () => {
  for (const temperature of [1e-6, 1e-40, 0])
    expect(() => parseRecipe(banditRecipe({ sampling: { temperature } }))).toThrow(/sampling\.temperature/);
  expect(parseRecipe(banditRecipe({ sampling: { temperature: 1e-5 } })).sampling.temperature).toBe(1e-5);
});
