import { expect } from 'vitest';
import type { HostTensor } from '../../src/engine/engine.ts';
import type { StoredTensor } from '../../src/model/files/safetensors.ts';

export const floats = (
  values: readonly number[],
  shape: readonly number[] = [values.length],
): HostTensor => ({
  data: Float32Array.from(values),
  shape,
  dtype: 'float32',
});

/** A stored float tensor as a program takes it. */
export function hostTensor({ data, shape }: StoredTensor): HostTensor {
  if (!(data instanceof Float32Array)) throw new Error('the tensor is not float');
  return { data, shape, dtype: 'float32' };
}

/** Expects |actual − expected| ≤ atol + rtol·|expected| everywhere; NaN is never near. */
export function expectNear(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  what: string,
  { atol, rtol = 0 }: { readonly atol: number; readonly rtol?: number },
): void {
  expect(actual.length, what).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) {
    const [got, want] = [actual[i]!, expected[i]!];
    const near = Math.abs(got - want) <= atol + rtol * Math.abs(want);
    if (!near) expect.fail(`${what}[${i}] is ${got}, expected ${want} within ${atol} + ${rtol}·|expected|`);
  }
}

/** Expects ‖actual − expected‖ ≤ tolerance·‖expected‖. */
export function expectNearNorm(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  what: string,
  tolerance: number,
): void {
  expect(actual.length, what).toBe(expected.length);
  let [difference, norm] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    difference += (actual[i]! - expected[i]!) ** 2;
    norm += expected[i]! ** 2;
  }
  expect(norm, `${what}: a golden of zeros proves nothing`).toBeGreaterThan(0);
  expect(Math.sqrt(difference / norm), `${what}: relative norm of the error`).toBeLessThanOrEqual(tolerance);
}

/** A batch padded on the left, row by row without its padding. */
export function stripLeft(
  ids: ArrayLike<number>,
  mask: ArrayLike<number>,
  [rows, width]: readonly [number, number],
): number[][] {
  return Array.from({ length: rows }, (_, b) =>
    Array.from({ length: width }, (_, t) => b * width + t)
      .filter((at) => mask[at] === 1)
      .map((at) => ids[at]!),
  );
}
