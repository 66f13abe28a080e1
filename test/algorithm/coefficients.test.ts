import { describe, expect, test } from 'vitest';
import {
  coefficients,
  compiledLoss,
  nextCoefficients,
  startCoefficients,
} from '../../src/algorithm/coefficients.ts';
import { parseRecipe, type RecipeInput } from '../../src/recipe/recipe.ts';
import { banditRecipe } from '../pipeline/bandit.ts';
import { mixed, rollOut, withAdvantages } from '../policy/rollouts.ts';
import { openTiny } from '../policy/tiny-policy.ts';

const parse = (algorithm: RecipeInput['algorithm']) => parseRecipe(banditRecipe({ algorithm })).algorithm;
const batch = { tokens: 100, sequences: 10 };

describe('coefficients', () => {
  test('stand still unless told to move', () => {
    const algorithm = parse({ klCoef: 0.1, entropyCoef: 0.02 });
    const start = startCoefficients(algorithm);
    expect(coefficients(start, algorithm)).toEqual({ klCoef: 0.1, entropyCoef: 0.02 });
    expect(nextCoefficients(start, algorithm, { kl: 9, entropy: 0, ...batch })).toEqual(start);
    expect(coefficients(startCoefficients(parse({})), parse({}))).toEqual({});
  });

  test('adaptive KL: up above the target, down below, by at most a fifth of steps/horizon', () => {
    const klControl = { type: 'adaptive', target: 0.1, horizon: 100 } as const;
    const algorithm = parse({ klCoef: 0.1, klControl });
    const start = startCoefficients(algorithm);
    const coefAt = (kl: number | undefined) => nextCoefficients(start, algorithm, { kl, ...batch }).klCoef;
    expect(coefAt(5)).toBeCloseTo(0.1 * 1.02, 12);
    expect(coefAt(0.105)).toBeCloseTo(0.1 * 1.005, 12);
    expect(coefAt(0)).toBeCloseTo(0.1 * 0.98, 12);
    expect([coefAt(undefined), coefAt(Number.NaN)]).toEqual([0.1, 0.1]);
  });

  test('adaptive entropy: off until measured low, then as much as has been added', () => {
    const algorithm = parse({ adaptiveEntropy: { target: 1, delta: 0.1, max: 0.15 } });
    expect(compiledLoss(algorithm).entropyCoef).toBeGreaterThan(0);
    let state = startCoefficients(algorithm);
    const used = [0.5, 0.5, 2, 0.5, Number.NaN, 0.5].map((entropy) => {
      const { entropyCoef } = coefficients(state, algorithm);
      state = nextCoefficients(state, algorithm, { entropy, ...batch });
      return entropyCoef;
    });
    [0, 0.1, 0.15, 0, 0.15, 0.15].forEach((expected, i) => {
      expect(used[i], `step ${i}`).toBeCloseTo(expected, 12);
    });
  });
});

test('a policy logs the coefficients that it used, and a checkpoint carries them on', async () => {
  const klControl = { type: 'adaptive', target: 1e-4, horizon: 100 } as const;
  const algorithm = {
    ...{ klCoef: 0.1, klControl },
    adaptiveEntropy: { target: 50, delta: 0.01 },
  } as const;
  const open = () => openTiny({ recipe: { algorithm }, trained: true });
  const tiny = await open();
  const groups = withAdvantages(await rollOut(tiny), mixed);
  const reference = await tiny.policy.referenceLogprobs(groups);
  const train = {
    objective: 'rl',
    groups: groups.map((group, p) => ({ ...group, refLogprobs: reference[p]! })),
  } as const;
  const [first, second] = [await tiny.policy.update(train), await tiny.policy.update(train)];
  expect(first).toMatchObject({ kl_coef: 0.1, entropy_coef: 0 });
  expect(second.kl_coef).toBeCloseTo(0.1 * (1 + 0.2 * 0.12), 9);
  expect(second.entropy_coef).toBeCloseTo(0.01, 12);
  const resumed = await open();
  await resumed.policy.restore(tiny.policy.state());
  const { compilations: _, ...expected } = await tiny.policy.update(train);
  const { compilations: __, ...got } = await resumed.policy.update(train);
  expect(got).toEqual(expected);
  expect(resumed.policy.state()).toEqual(tiny.policy.state());
});
