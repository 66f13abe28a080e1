import { expect, test } from 'vitest';
import { clipGradNorm, gradNorm } from '../../../src/algorithm/optimizer/clip.ts';

test('the norm is that of all gradients as one vector', () => {
  const grads = { a: Float32Array.of(3), b: Float32Array.of(0, -4) };
  expect(gradNorm(grads)).toBe(5);
  expect(gradNorm(grads, Number.POSITIVE_INFINITY)).toBe(4);
  expect(gradNorm(grads, 1)).toBe(7);
});

test('with no limit it only measures', () => {
  const grads = { a: Float32Array.of(30, 40) };
  expect(clipGradNorm(grads, Number.POSITIVE_INFINITY)).toEqual({ norm: 50 });
  expect(Array.from(grads.a)).toEqual([30, 40]);
});

test('a gradient that is not finite shows in the norm', () => {
  expect(clipGradNorm({ a: Float32Array.of(1, Number.NaN) }, 1).norm).toBeNaN();
  expect(gradNorm({ a: Float32Array.of(Number.NaN, 1) }, Number.POSITIVE_INFINITY)).toBeNaN();
  expect(clipGradNorm({ a: Float32Array.of(Number.POSITIVE_INFINITY) }, 1).norm).toBe(
    Number.POSITIVE_INFINITY,
  );
});
