import { expect, test } from 'vitest';
import { arithmetic } from '../../envs/index.ts';
import { parseRecipe } from '../../src/recipe/recipe.ts';
import { banditRecipe } from '../pipeline/bandit.ts';

const refused = (change: object) => () => parseRecipe({ ...banditRecipe(), ...change });

test('an unknown field is told with what was meant, or what there is', () => {
  expect(refused({ stepz: 3 })).toThrow(/Unrecognized key: "stepz"; did you mean steps\?/);
  expect(refused({ sampling: { temprature: 1 } })).toThrow(
    /^bad recipe: sampling: .*; did you mean temperature\?$/,
  );
  expect(refused({ checkpoint: { zzz: 1 } })).toThrow(/; there are every, keep$/);
  expect(() => arithmetic({ prompt: 'x' } as object)).toThrow(
    /env arithmetic: .*"prompt"; there are seed, kinds, a, factors/,
  );
});

test('what is missing is said to be required', () => {
  expect(refused({ optimizer: undefined })).toThrow(/^bad recipe: optimizer: is required$/);
  expect(refused({ optimizer: {} })).toThrow(/^bad recipe: optimizer.lr: is required$/);
});

test('the value given is shown where it can be', () => {
  expect(refused({ steps: -1 })).toThrow(/steps: .* \(got -1\)$/);
  expect(refused({ rewards: [() => []] })).toThrow(/^bad recipe: rewards.0: [^(]*$/);
});
