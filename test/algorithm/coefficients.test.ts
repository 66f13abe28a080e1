import { describe, expect, test } from 'vitest';
import {
  afterPenalty,
  afterStep,
  lossCoefficients,
  startCoefficients,
} from '../../src/algorithm/coefficients.ts';
import { compiledLoss } from '../../src/policy/optimiser-step.ts';
import { parseRecipe, type RecipeInput } from '../../src/recipe/recipe.ts';
import { banditRecipe } from '../pipeline/bandit.ts';

const parse = (algorithm: RecipeInput['algorithm']) => parseRecipe(banditRecipe({ algorithm })).algorithm;
const batch = { tokens: 100, sequences: 10 };

describe('coefficients', () => {
  test('stand still unless told to move', () => {
    const algorithm = parse({ klCoef: 0.1, entropyCoef: 0.02 });
    const start = startCoefficients(algorithm);
    expect(lossCoefficients(start, algorithm)).toEqual({ klCoef: 0.1, entropyCoef: 0.02 });
    expect(afterStep(start, algorithm, { kl: 9, entropy: 0, ...batch })).toEqual(start);
    expect(lossCoefficients(startCoefficients(parse({})), parse({}))).toEqual({});
  });

  test('adaptive KL: up above the target, down below, by at most a fifth of steps/horizon', () => {
    const klControl = { type: 'adaptive', target: 0.1, horizon: 100 } as const;
    const algorithm = parse({ klCoef: 0.1, klControl });
    const start = startCoefficients(algorithm);
    const coefAt = (kl: number | undefined) => afterStep(start, algorithm, { kl, ...batch }).klCoef;
    expect(coefAt(5)).toBeCloseTo(0.1 * 1.02, 12);
    expect(coefAt(0.105)).toBeCloseTo(0.1 * 1.005, 12);
    expect(coefAt(0)).toBeCloseTo(0.1 * 0.98, 12);
    expect([coefAt(undefined), coefAt(Number.NaN)]).toEqual([0.1, 0.1]);
  });

  test('a KL in the loss moves after a step, one in the rewards after a batch was penalised', () => {
    const klControl = { type: 'adaptive', target: 0.1, horizon: 100 } as const;
    const moved = (klIn: 'loss' | 'reward') => {
      const algorithm = parse({ name: 'rloo', klIn, klCoef: 0.1, klControl });
      const start = startCoefficients(algorithm);
      return [
        afterStep(start, algorithm, { kl: 5, ...batch }).klCoef,
        afterPenalty(start, algorithm, { kl: 5, sequences: 10 }).klCoef,
        lossCoefficients(start, algorithm).klCoef,
      ];
    };
    expect(moved('loss')).toEqual([expect.closeTo(0.1 * 1.02, 12), 0.1, 0.1]);
    expect(moved('reward')).toEqual([0.1, expect.closeTo(0.1 * 1.02, 12), undefined]);
  });

  test('adaptive entropy: off until measured low, then as much as has been added', () => {
    const algorithm = parse({ adaptiveEntropy: { target: 1, delta: 0.1, max: 0.15 } });
    expect(compiledLoss(algorithm).entropyCoef).toBeGreaterThan(0);
    let state = startCoefficients(algorithm);
    const used = [0.5, 0.5, 2, 0.5, Number.NaN, 0.5].map((entropy) => {
      const { entropyCoef } = lossCoefficients(state, algorithm);
      state = afterStep(state, algorithm, { entropy, ...batch });
      return entropyCoef;
    });
    [0, 0.1, 0.15, 0, 0.15, 0.15].forEach((expected, i) => {
      expect(used[i], `step ${i}`).toBeCloseTo(expected, 12);
    });
  });
});
