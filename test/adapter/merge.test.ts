import { describe, expect, test } from 'vitest';
import { adapterNames } from '../../src/adapter/adapter-tensors.ts';
import { mergeAdapter } from '../../src/adapter/merge.ts';
import { RefusedError } from '../../src/errors.ts';
import { initialiseWeights } from '../../src/model/weights/initialise-weights.ts';
import { config, makeSpec, randomAdapter } from './adapter-fixture.ts';

const weights = initialiseWeights(config, 2);

describe('mergeAdapter', () => {
  test('adds scaling·B·A to the adapted weights and leaves the others as they are', () => {
    const spec = makeSpec({ targetModules: ['model.layers.1.mlp.up_proj'], rsLora: true });
    const tensors = randomAdapter(spec);
    const merged = mergeAdapter(weights, { spec, tensors, betas: [0, 0], zeroStep: 0 });
    const name = 'model.layers.1.mlp.up_proj.weight';
    const { a, b } = adapterNames('model.layers.1.mlp.up_proj');
    const [row, column] = [4, 7];
    let sum = 0;
    for (let r = 0; r < 3; r++) sum += tensors[b]!.data[row * 3 + r]! * tensors[a]!.data[r * 12 + column]!;
    const expected = weights[name]!.data[row * 12 + column]! + (6 / Math.sqrt(3)) * sum;
    expect(merged[name]!.data[row * 12 + column]).toBeCloseTo(expected, 6);
    for (const other of Object.keys(weights).filter((each) => each !== name))
      expect(merged[other]).toBe(weights[other]);
  });

  test('refuses as long as β of any layer is not exactly 0, naming the step where it would be', () => {
    const spec = makeSpec();
    const merge = () =>
      mergeAdapter(weights, { spec, tensors: randomAdapter(spec), betas: [0, 1e-9], zeroStep: 42 });
    expect(merge).toThrow(RefusedError);
    expect(merge).toThrow(/β is 1e-9 in layer 1.*0 at step 42/);
  });
});
