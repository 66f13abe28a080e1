import { describe, expect, test } from 'vitest';
import { estimateMemory } from '../../src/cli/memory/estimate-memory.ts';
import { greatestSaving } from '../../src/cli/memory/lower-memory.ts';
import { parseRecipe } from '../../src/recipe/recipe.ts';
import { type RecipeOverrides, tinyRecipe } from '../policy/tiny-policy.ts';

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
const recipeOf = (overrides: RecipeOverrides) => parseRecipe(tinyRecipe('m', overrides));
const estimate = (overrides: RecipeOverrides, of = sizes) => estimateMemory(recipeOf(overrides), of);
const long = { groupSize: 8, promptsPerStep: 4, maxPromptLength: 1024, maxNewTokens: 1024 };

describe('the estimate of memory', () => {
  test('weights take the bytes of the base dtype, twice where decoding has a packed copy', () => {
    const weights = (baseDtype: 'float32' | 'bfloat16' | 'q8' | 'q4') =>
      estimate({ runtime: { baseDtype } }).weights;
    expect(weights('float32')).toBe(8e9);
    expect(weights('bfloat16')).toBe(2e9);
    expect(weights('q8')).toBe(1.125e9);
    expect(weights('q4')).toBe(1.25e9);
    expect(estimate({ method: 'full' }).weights).toBe(4e9);
  });

  test('all else is as in float32, but for the head’s weights that an update widens', () => {
    const { weights: _, total: __, ...float } = estimate({});
    const widened = 50000 * 1000 * 4;
    expect(estimate({ runtime: { baseDtype: 'q4' } })).toMatchObject({
      ...float,
      update: float.update + widened,
    });
  });

  test('is the sum of what stays and the greater of what takes turns', () => {
    for (const overrides of [{}, { sampling: long }, { eval: { tasks: 500, batchSize: 500 } }]) {
      const { process, weights, training, sampling, update, total } = estimate(overrides);
      expect(total).toBe(process + weights + training + Math.max(sampling, update));
    }
  });

  test('what trains takes 16 bytes a parameter in one micro-batch, 20 in several, 4 less with moments in bfloat16', () => {
    expect(estimate({ optimizer: { lr: 1, microBatchSize: 64 } }).training).toBe(16e6);
    expect(estimate({ optimizer: { lr: 1, microBatchSize: 4 } }).training).toBe(20e6);
    expect(estimate({ optimizer: { lr: 1, microBatchSize: 4, stateDtype: 'bfloat16' } }).training).toBe(16e6);
  });

  test('follows micro-batches and recomputation', () => {
    const update = (optimizer: object, recompute: 'always' | 'never') =>
      estimate({ sampling: long, optimizer: { lr: 1, ...optimizer }, runtime: { recompute } }).update;
    expect(update({ microBatchSize: 8 }, 'never')).toBeGreaterThan(
      2.5 * update({ microBatchSize: 2 }, 'never'),
    );
    expect(update({ microBatchTokens: 2048 }, 'never')).toBeLessThan(
      update({ microBatchSize: 8 }, 'never') / 3,
    );
    expect(update({ microBatchSize: 8 }, 'always')).toBeLessThan(update({ microBatchSize: 8 }, 'never') / 3);
  });

  test('counts the longest prompt there is, where that is known', () => {
    const recipe = recipeOf({ sampling: long });
    expect(estimateMemory(recipe, sizes, { longestPrompt: 50 }).update).toBeLessThan(
      estimateMemory(recipe, sizes).update,
    );
    expect(estimateMemory(recipe, sizes, { longestPrompt: 5000 })).toEqual(estimateMemory(recipe, sizes));
  });
});

describe('the setting that would lower it most', () => {
  const saving = (overrides: RecipeOverrides, of = sizes) => greatestSaving(recipeOf(overrides), of, {});
  const named = (overrides: RecipeOverrides, of = sizes) => saving(overrides, of)?.setting;

  test('is the one whose estimate is lowest, with what it saves', () => {
    const small = { ...sizes, totalParameters: 1e8 };
    const never = { recompute: 'never' } as const;
    expect(named({}, sizes)).toBe('runtime.baseDtype=q8');
    expect(named({ sampling: long, runtime: never }, small)).toBe('runtime.recompute=always');
    expect(named({ sampling: long, runtime: { recompute: 'always' } }, small)).toMatch(
      /^optimizer.microBatchTokens=/,
    );
    const full = { ...sizes, trainableParameters: 1e9 };
    expect(named({ method: 'full' }, full)).toBe('optimizer.stateDtype=bfloat16');
    expect(saving({ method: 'full' }, full)!.bytes).toBe(4e9);
    expect(named({ eval: { tasks: 5000, batchSize: 5000 } }, small)).toBe('eval.batchSize=2500');
  });

  test('is none where none would save much', () => {
    const bare = {
      ...sizes,
      totalParameters: 1e6,
      trainableParameters: 1e4,
      vocabSize: 100,
      hiddenSize: 10,
      intermediateSize: 10,
    };
    expect(saving({}, bare)).toBe(undefined);
  });
});
