import { expect, test } from 'vitest';
import { initialiseAdapter } from '../../src/adapter/initialise-adapter.ts';
import { config, makeSpec } from './adapter-fixture.ts';

const values = (name: string, seed = 1, rank = 512) =>
  initialiseAdapter(makeSpec({ rank, targetModules: ['down_proj'] }), config, seed)[
    `base_model.model.model.layers.0.mlp.down_proj.${name}.weight`
  ]!;

test('A is uniform in ±1/√in, B is 0, and the seed decides', () => {
  const a = values('lora_A');
  expect(a.shape).toEqual([512, 14]);
  const bound = 1 / Math.sqrt(14);
  const data = Array.from(a.data);
  expect(Math.max(...data.map(Math.abs))).toBeLessThanOrEqual(bound);
  const variance = data.reduce((sum, value) => sum + value * value, 0) / data.length;
  // The variance of a uniform distribution of half-width w is w²/3.
  expect(Math.abs(variance / (bound ** 2 / 3) - 1)).toBeLessThan(0.05);
  expect(values('lora_B').shape).toEqual([12, 512]);
  expect(new Set(values('lora_B').data)).toEqual(new Set([0]));
  expect(values('lora_A')).toEqual(a);
  expect(values('lora_A', 2).data).not.toEqual(a.data);
});
