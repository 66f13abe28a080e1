import { expect, test } from 'vitest';
import { type MethodsInput, methodVariants } from '../../src/experiment/plan/compare-methods.ts';
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

test('full has no adapter, so an adapter’s values are not tried for it', () => {
  const sweep = { '': { 'optimizer.lr': [1, 2], 'adapter.rank': [1, 8] } };
  expect(gridsOf(sweep)).toEqual([sweep[''], { 'optimizer.lr': [1, 2] }]);
});
