import { expect, test } from 'vitest';
import { estimateMemory } from '../../src/cli/estimate-memory.ts';
import { parseRecipe } from '../../src/recipe/recipe.ts';
import { tinyRecipe } from '../policy/tiny-policy.ts';

const sizes = {
  trainableParameters: 1e6,
  totalParameters: 1e9,
  layers: 10,
  hiddenSize: 1000,
  intermediateSize: 4000,
  kvHeads: 2,
  headDim: 64,
  vocabSize: 50000,
};
const weights = (baseDtype: 'float32' | 'bfloat16' | 'q8' | 'q4') =>
  estimateMemory(parseRecipe(tinyRecipe('m', { runtime: { baseDtype } })), sizes);

test('weights take the bytes of the base dtype, twice where decoding has a packed copy', () => {
  expect(weights('float32').weights).toBe(8e9);
  expect(weights('bfloat16').weights).toBe(2e9);
  expect(weights('q8').weights).toBe(1.125e9);
  expect(weights('q4').weights).toBe(1.25e9);
});

test('all else is as in float32', () => {
  const { weights: _, total: __, ...float } = weights('float32');
  expect(weights('q4')).toMatchObject(float);
});
