import { expect, test } from 'vitest';
import { adamW } from '../../../src/algorithm/optimizer/adamw.ts';

const optimizer = adamW({ betas: [0.9, 0.999], eps: 1e-8, weightDecay: 0 });

test('an update makes new parameter arrays and leaves the old ones alone', () => {
  const params = { w: Float32Array.of(1, -1) };
  const { params: next, state } = optimizer.update(
    { w: Float32Array.of(1, 0) },
    optimizer.init(params),
    params,
    0.1,
  );
  expect(Array.from(params.w)).toEqual([1, -1]);
  expect(next.w![0]).toBeCloseTo(0.9, 6);
  expect(next.w![1]).toBe(-1);
  expect(state.step).toBe(1);
});

test('a tensor without a gradient is returned as it is', () => {
  const params = { w: Float32Array.of(1), frozen: Float32Array.of(2) };
  const { params: next } = optimizer.update({ w: Float32Array.of(1) }, optimizer.init(params), params, 0.1);
  expect(next.frozen).toBe(params.frozen);
  expect(next.w).not.toBe(params.w);
});

test('a gradient for an unknown tensor is refused by name', () => {
  const params = { w: Float32Array.of(1) };
  const step = () => optimizer.update({ v: Float32Array.of(1) }, optimizer.init(params), params, 0.1);
  expect(step).toThrow(/"v"/);
});

test('minimises a quadratic', () => {
  let params: Record<string, Float32Array> = { w: Float32Array.of(3, -2) };
  let state = optimizer.init(params);
  for (let i = 0; i < 400; i++) {
    ({ params, state } = optimizer.update({ w: params.w!.map((x) => 2 * (x - 1)) }, state, params, 0.05));
  }
  for (const x of params.w!) expect(x).toBeCloseTo(1, 2);
});
