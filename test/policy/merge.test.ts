import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { placements } from '../../src/adapter/adapter-settings.ts';
import { RefusedError } from '../../src/errors.ts';
import type { TokenBatch } from '../../src/model/token-logits.ts';
import { loadWeights } from '../../src/model/weights/load-weights.ts';
import { parseRecipe } from '../../src/recipe/recipe.ts';
import { newPath } from './model-folder.ts';
import { greatestGap, mixed, rollOut, withAdvantages } from './rollouts.ts';
import { openTiny, openTinyRecipe, type Tiny, trainedOf } from './tiny-policy.ts';

/** Rows of unequal length, padded on either side. */
const batch: TokenBatch = {
  inputIds: [
    [0, 0, 0, 61, 70, 99],
    [80, 65, 64, 2, 118, 77],
    [90, 0, 0, 0, 0, 0],
  ],
  attentionMask: [
    [0, 0, 0, 1, 1, 1],
    [1, 1, 1, 1, 1, 1],
    [1, 0, 0, 0, 0, 0],
  ],
};

async function logitsOf({ policy }: Tiny): Promise<Float32Array> {
  return (await policy.logits(batch)).data;
}

async function greedyTexts(tiny: Tiny): Promise<string[]> {
  const rollouts = await rollOut(tiny, { prompts: 6, groupSize: 1, temperature: 0, maxNewTokens: 16 });
  return rollouts.map(({ text }) => text);
}

/** A model folder as it is, without an adapter. */
const openFolder = ({ recipe }: Tiny, model = recipe.model): Promise<Tiny> =>
  openTinyRecipe(parseRecipe({ ...recipe, model, method: 'full', adapter: {} }));

describe.each([
  ['lora', 'A-s-B'] as const,
  ...placements.map((placement) => ['afa-lora', placement] as const),
])('%s %s at β = 0', (method, placement) => {
  const recipe = { method, adapter: { placement } };
  const opened = openTiny({ recipe, trained: true, betas: () => [0, 0] });

  test('merged and read back from disk, the model has the logits and greedy texts that it had unmerged', async () => {
    const tiny = await opened;
    const folder = newPath();
    await tiny.policy.saveMerged(folder);
    const merged = await openFolder(tiny, folder);
    expect(greatestGap(await logitsOf(merged), await logitsOf(tiny))).toBeLessThan(1e-4);
    expect(await greedyTexts(merged)).toEqual(await greedyTexts(tiny));
  });

  test('it is another model than the base', async () => {
    const tiny = await opened;
    const base = await openFolder(tiny);
    expect(greatestGap(await logitsOf(base), await logitsOf(tiny))).toBeGreaterThan(0.1);
    expect(await greedyTexts(base)).not.toEqual(await greedyTexts(tiny));
  });

  test('the file on disk holds the merged weights to the bit, and all else unchanged', async () => {
    const { policy, trainable, config, base, recipe } = await opened;
    const folder = newPath();
    await policy.saveMerged(folder);
    const anneal = { step: 0, betas: [0, 0], zeroStep: 0 };
    const saved = await loadWeights(folder, config);
    const merged = trainable.merged(trainedOf(policy), anneal);
    for (const [name, { data }] of Object.entries(saved)) {
      expect(data, name).toEqual(merged(name));
      expect(greatestGap(data, base[name]!.data) > 0, name).toBe(name.includes('_proj'));
    }
    for (const file of ['tokenizer.json', 'tokenizer_config.json']) {
      expect(readFileSync(join(folder, file))).toEqual(readFileSync(join(recipe.model, file)));
    }
  });
});

describe('merging while β is not 0', () => {
  test('is refused, naming the step at which it will be, until that step', async () => {
    const tiny = await openTiny({ recipe: { method: 'afa-lora', steps: 10 } });
    const { policy } = tiny;
    expect(policy.betaZeroStep).toBe(3);
    for (const beta of [1, 2 / 3, 1 / 3]) {
      expect(policy.beta).toBeCloseTo(beta, 12);
      const merging = policy.saveMerged(newPath());
      await expect(merging).rejects.toThrow(RefusedError);
      await expect(merging).rejects.toThrow(/would be 0 at step 3/);
      await policy.update({ objective: 'rl', rollouts: withAdvantages(await rollOut(tiny), mixed) });
    }
    expect(policy.beta).toBe(0);
    await policy.saveMerged(newPath());
  });

  test('is refused when a single layer is left, however little', async () => {
    const { policy } = await openTiny({ betas: () => [0, 1e-9] });
    await expect(policy.saveMerged(newPath())).rejects.toThrow(/β is 1e-9 in layer 1/);
  });
});
