import { expect, test } from 'vitest';
import { parseRecipe } from '../../src/recipe/recipe.ts';
import { withLaterDefaults } from '../../src/recipe/stored-fields.ts';
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
  expect(withLaterDefaults(stored)).toEqual({ ...stored, sampling, optimizer, algorithm });
});
