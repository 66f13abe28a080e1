import { expect, test } from 'vitest';
import { GradientSum } from '../../src/policy/gradient-sum.ts';

const part = (seed: number) => ({
  loss: Math.fround(Math.sin(seed)),
  metrics: { kl: seed, ratio_max: seed },
  gradients: {
    a: Float32Array.from({ length: 5 }, (_, i) => Math.sin(seed + i)),
    b: Float32Array.of(1e8 * Math.cos(seed)),
  },
});

test('sums losses and gradients in the order of the micro-batches, rounding each sum to float32', () => {
  const sum = new GradientSum();
  expect(sum.isEmpty).toBe(true);
  const parts = [1, 2, 3, 4].map(part);
  const expected = parts
    .map(({ gradients }) => Array.from(gradients.a))
    .reduce((total, next) => total.map((x, i) => Math.fround(x + next[i]!)));
  const loss = parts.reduce((total, each) => total + each.loss, 0);
  for (const each of parts) sum.add(each);
  expect(sum.isEmpty).toBe(false);
  expect(sum.loss).toBe(loss);
  expect(Array.from(sum.gradients.a!)).toEqual(expected);
  expect(sum.metrics()).toEqual({ kl: 10, ratio_max: 4 });
});

test('holds one array for each tensor: the first micro-batch’s', () => {
  const sum = new GradientSum();
  const [first, second] = [part(1), part(2)];
  sum.add(first);
  sum.add(second);
  expect(sum.gradients.a).toBe(first.gradients.a);
  expect(sum.gradients.b).toBe(first.gradients.b);
  expect(second.gradients.b[0]).toBe(part(2).gradients.b[0]);
});
