import { expect, test } from 'vitest';
import { bfloat16ToFloat32, float32ToBfloat16, halfToFloat32 } from '../../../src/model/files/half.ts';

test('IEEE half values widen exactly, subnormal, infinite and NaN included', () => {
  const bits = [0x3c00, 0xc000, 0x0001, 0x03ff, 0x0400, 0x7bff, 0x7c00, 0xfc00, 0x7e00, 0x8000];
  const values = [1, -2, 2 ** -24, 1023 * 2 ** -24, 2 ** -14, 65504, Infinity, -Infinity, NaN, -0];
  expect([...halfToFloat32(Uint16Array.from(bits))]).toEqual(values);
});

test('bfloat16 narrowing rounds to nearest, ties to even, and is undone by widening where exact', () => {
  // 1 + 2^-8 lies half-way between 1 and 1 + 2^-7; 1 + 3·2^-8 half-way between 1 + 2^-7 and 1 + 2^-6.
  const given = [1 + 2 ** -8, 1 + 3 * 2 ** -8, 1 + 2 ** -8 + 2 ** -20, -3.5, 0, -0, Infinity, NaN, 3.4e38];
  const want = [1, 1 + 2 ** -6, 1 + 2 ** -7, -3.5, 0, -0, Infinity, NaN, Infinity];
  expect([...bfloat16ToFloat32(float32ToBfloat16(Float32Array.from(given)))]).toEqual(want);
});
