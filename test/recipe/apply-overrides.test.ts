import { expect, test } from 'vitest';
import { applyOverrides } from '../../src/recipe/apply-overrides.ts';
import { parseRecipe } from '../../src/recipe/recipe.ts';
import { banditRecipe } from '../pipeline/bandit.ts';

const overridden = (...overrides: string[]) => parseRecipe(applyOverrides(banditRecipe(), overrides));

test('an option of any loss, estimator or schedule can be set, beside the name that it goes with', () => {
  const { algorithm, optimizer } = overridden(
    ...['algorithm.name=clip_cov', 'algorithm.covariance.upper=3', 'algorithm.advantage.estimator=gae'],
    ...['algorithm.advantage.lambda=0.9', 'algorithm.valueCoef=0.5', 'algorithm.klControl.type=fixed'],
    ...['optimizer.lrSchedule=cosine_with_restarts', 'optimizer.cycles=3'],
  );
  expect(algorithm).toMatchObject({
    name: 'clip_cov',
    covariance: { share: 2e-4, upper: 3 },
    valueCoef: 0.5,
    advantage: { estimator: 'gae', lambda: 0.9 },
  });
  expect(optimizer).toMatchObject({ lrSchedule: 'cosine_with_restarts', cycles: 3 });
});

test('an option that the loss does not read is refused after all', () => {
  expect(() => overridden('algorithm.name=gpg', 'algorithm.clipEpsilon=0.1')).toThrow(
    /algorithm.clipEpsilon: gpg does not read it; its own options: aggregation \(got 0.1\)/,
  );
});

test.each([
  ['algorithm.clipEpsilom=1', /did you mean algorithm.clipEpsilon/],
  ['algorithm.advantage.lamda=1', /did you mean algorithm.advantage.lambda/],
  ['algorithm.covariance.shar=1', /did you mean algorithm.covariance.share/],
  ['optimizer.stableStep=1', /did you mean optimizer.stableSteps/],
])('%s names the nearest field', (override, message) => {
  expect(() => overridden(override)).toThrow(message);
});
