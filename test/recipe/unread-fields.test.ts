import { describe, expect, test } from 'vitest';
import { applyOverrides } from '../../src/recipe/apply-overrides.ts';
import { parseRecipe } from '../../src/recipe/recipe.ts';
import { bundledRecipes } from '../../src/run/loading/import-recipe.ts';
import { loadRecipe } from '../../src/run/loading/load-recipe.ts';
import { banditRecipe } from '../pipeline/bandit.ts';

const adapter = { rank: 4, placement: 's-A-B', schedule: { kind: 'cosine', hold: 0.1 } } as const;

describe('a field that the method or the engine does not read is refused', () => {
  test('by name, with why', () => {
    expect(() => parseRecipe(banditRecipe({ adapter }))).not.toThrow();
    expect(() => parseRecipe(banditRecipe({ adapter, method: 'full' }))).toThrow(
      /adapter\.rank.* is not read: method 'full' has no adapter; leave it out.*adapter\.placement.*adapter\.schedule\.kind.*adapter\.schedule\.hold/,
    );
    expect(() => parseRecipe(banditRecipe({ adapter, method: 'lora' }))).toThrow(
      /^bad recipe: adapter\.placement.* is not read: method 'lora' has no activation to anneal; leave it out.*adapter\.schedule\.kind.*adapter\.schedule\.hold/,
    );
    expect(() => parseRecipe(banditRecipe({ method: 'lora', algorithm: { annealPer: 'batch' } }))).toThrow(
      /algorithm\.annealPer/,
    );
    expect(() => parseRecipe(banditRecipe({ method: 'lora', metrics: { annealKlTokens: 64 } }))).toThrow(
      /metrics\.annealKlTokens.* is not read: method 'lora' does not anneal, so no anneal_kl is measured/,
    );
    expect(() => parseRecipe(banditRecipe({ runtime: { engine: 'node', device: 'webgpu' } }))).toThrow(
      /runtime\.device.* is not read: engine 'node' has a device of its own; it is for engine 'onnx'; leave it out/,
    );
  });

  test('unless it stands at its default, or is read after all', () => {
    for (const overrides of [
      { method: 'lora', adapter: { rank: 4, activation: 'silu' } },
      { method: 'full', adapter: { rank: 8, init: 'folder' } },
      { runtime: { engine: 'auto', device: 'webgpu' } },
    ] as const)
      expect(() => parseRecipe(banditRecipe(overrides))).not.toThrow();
  });
});

describe('a recipe that is run with another method or engine', () => {
  const recipe = banditRecipe({ adapter, runtime: { device: 'webgpu' }, algorithm: { annealPer: 'batch' } });

  test('goes without what only its own read', () => {
    const full = parseRecipe(applyOverrides(recipe, ['method="full"']));
    expect(full).toMatchObject({ method: 'full', adapter: { rank: 8, placement: 'A-s-B' } });
    expect(full.algorithm.annealPer).toBe('step');
    const lora = parseRecipe(applyOverrides(recipe, ['method=lora']));
    expect(lora).toMatchObject({ adapter: { rank: 4, placement: 'A-s-B', schedule: { kind: 'linear' } } });
    expect(parseRecipe(applyOverrides(recipe, ['runtime.engine=node'])).runtime.device).toBe('cpu');
    expect(parseRecipe(applyOverrides(recipe, ['method=afa-lora']))).toEqual(parseRecipe(recipe));
  });

  test('is refused what an override sets in vain, wherever it stands', () => {
    for (const overrides of [
      ['method=full', 'adapter.rank=2'],
      ['adapter.rank=2', 'method=full'],
    ])
      expect(() => parseRecipe(applyOverrides(recipe, overrides))).toThrow(/adapter\.rank.* is not read/);
    expect(() =>
      parseRecipe(applyOverrides(recipe, ['method=lora', 'adapter.schedule.fraction=0.5'])),
    ).toThrow(/adapter\.schedule\.fraction.* is not read: method 'lora'/);
  });

  test('is each of the bundled ones, with every method', async () => {
    for (const name of bundledRecipes()) {
      for (const method of ['lora', 'afa-lora', 'full'])
        expect((await loadRecipe(name, [`method=${method}`])).recipe.method).toBe(method);
    }
  });
});
