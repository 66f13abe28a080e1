import { expect, test } from 'vitest';
import { type MethodsInput, methodVariants } from '../../src/experiment/plan/compare-methods.ts';
import { makePlan } from '../../src/experiment/plan/make-plan.ts';
import { compare } from '../../src/recipe/compare-settings.ts';

const settings = compare.parse({ grid: { lora: { 'optimizer.lr': [1, 2] } } });
const gridsOf = (sweep: MethodsInput['sweep']) =>
  methodVariants({ settings, objective: 'rl', methods: ['lora', 'full'], sweep }).map(({ grid }) => grid);

test('a grid is the command line’s, else the recipe’s, else rates that suit the objective', () => {
  const [lora, full] = gridsOf(undefined);
  expect(lora).toEqual({ 'optimizer.lr': [1, 2] });
  expect(full!['optimizer.lr']!.length).toBeGreaterThanOrEqual(4);
  // A sweep for one method leaves the other its own: no method goes untuned.
  expect(gridsOf({ full: { 'optimizer.lr': [3, 4] } })).toEqual([lora, { 'optimizer.lr': [3, 4] }]);
  expect(gridsOf({ '': { 'optimizer.lr': [5, 6] }, full: { 'optimizer.weightDecay': [0, 1] } })).toEqual([
    { 'optimizer.lr': [5, 6] },
    { 'optimizer.lr': [5, 6], 'optimizer.weightDecay': [0, 1] },
  ]);
  expect(gridsOf({ '': {} })).toEqual([{}, {}]);
});

test('what a method does not read is not tried for it', () => {
  const sweep = {
    '': { 'optimizer.lr': [1, 2], 'adapter.rank': [1, 8], 'adapter.activation': ['relu', 'silu'] },
  };
  expect(gridsOf(sweep)).toEqual([
    { 'optimizer.lr': [1, 2], 'adapter.rank': [1, 8] },
    { 'optimizer.lr': [1, 2] },
  ]);
});

test('an override for all methods is for those that read it, and refused where none does', async () => {
  const planned = (methods: readonly ('lora' | 'afa-lora' | 'full')[], overrides: readonly string[]) =>
    makePlan({
      kind: 'compare',
      command: 'anneal compare',
      tasks: [
        {
          recipe: 'arithmetic',
          variants: methods.map((method) => ({ name: method, settings: { method }, grid: {} })),
        },
      ],
      overrides,
      seeds: 1,
      sweepSeeds: 1,
      extendSweep: false,
      threads: 1,
    });
  const overrides = ['adapter.rank=4', 'adapter.activation=gelu', 'steps=3'];
  const { tasks } = await planned(['lora', 'afa-lora', 'full'], overrides);
  const found = tasks[0]!.variants.map(({ points }) => {
    const { recipe } = points[0]!.config as unknown as {
      recipe: { adapter: Record<string, unknown>; steps: number };
    };
    return [recipe.adapter.rank, recipe.adapter.activation, recipe.steps];
  });
  expect(found).toEqual([
    [4, 'silu', 3],
    [4, 'gelu', 3],
    [8, 'silu', 3],
  ]);
  await expect(planned(['full'], overrides)).rejects.toThrow(
    /adapter\.rank.* is not read: method 'full' has no adapter; leave it out/,
  );
});
