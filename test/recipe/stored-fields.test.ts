import { expect, test } from 'vitest';
import { parseRecipe } from '../../src/recipe/recipe.ts';
import { withLaterDefaults } from '../../src/recipe/stored-fields.ts';
import { plainRecipe } from '../../src/run/folder/config-file.ts';
import { banditRecipe } from '../pipeline/bandit.ts';

test('what a run folder of an older version lacks has its default, so that the run can go on', () => {
  const recipe = parseRecipe(
    banditRecipe({ algorithm: { name: 'ppo' }, optimizer: { lr: 0.01, lrSchedule: 'cosine' } }),
  );
  const { algorithm, sampling, optimizer } = JSON.parse(JSON.stringify(recipe));
  const { repetitionPenalty: _, ...oldSampling } = sampling;
  const { cycles: __, ...oldOptimizer } = optimizer;
  const stored = {
    env: 'bandit',
    rewards: [{ name: 'a', weight: 1 }],
    sampling: oldSampling,
    optimizer: oldOptimizer,
    algorithm: { ...algorithm, advantage: { estimator: 'gae' } },
    schedule: 'of a later version',
  };
  expect(withLaterDefaults(stored)).toMatchObject({ ...stored, sampling, optimizer, algorithm });
});

test('a whole field of which an older version knew nothing has its defaults too', () => {
  const recipe = plainRecipe(parseRecipe(banditRecipe()));
  const { sft: _, ...stored } = recipe;
  expect(withLaterDefaults(stored)).toEqual(recipe);
});
