import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { HostTensor } from '../../../src/engine/engine.ts';
import { halfToFloat32 } from '../../../src/model/files/half.ts';
import { readSafetensors } from '../../../src/model/files/safetensors.ts';
import { floatWeight, formOf, parameterCount, weightOf } from '../../../src/model/weights/base-weights.ts';
import { weightWriter } from '../../../src/model/weights/weight-writer.ts';
import { normal, randomStream } from '../../../src/random.ts';

/** Numbers that gguf-py rounded: test/fixtures/own/quantise/record.py. */
const recorded = await readSafetensors(
  fileURLToPath(new URL('../../fixtures/own/quantise/rounded.safetensors', import.meta.url)),
);
const floats = (name: string) => recorded[name]!.data as Float32Array;
const shape = recorded.values!.shape;

function rounded(values: Float32Array, dtype: 'q8' | 'q4' | 'bfloat16', of: readonly number[] = shape) {
  const writer = weightWriter('w', of, dtype);
  writer.write(values, 0);
  const { tensors } = writer;
  return {
    tensors,
    codes: tensors[`w.${dtype}`]!.data,
    scales: tensors[`w.${dtype}.scales`]?.data as Float32Array,
    widened: floatWeight(tensors, 'w')!.data as Float32Array,
  };
}

/** A GGUF tensor's blocks: a float16 scale, and the bytes of the codes. */
function ggufBlocks(name: string, bytes: number) {
  const raw = recorded[name]!.data as Uint8Array;
  const blocks = Array.from({ length: raw.length / bytes }, (_, b) => raw.slice(b * bytes, (b + 1) * bytes));
  return {
    scales: blocks.map((block) => halfToFloat32(new Uint16Array(block.buffer.slice(0, 2)))[0]!),
    codes: blocks.flatMap((block) => [...block.subarray(2)]),
  };
}

describe.each([
  ['q8', 'q8_0', 34],
  ['q4', 'q4_0', 18],
] as const)('%s', (dtype, gguf, bytes) => {
  test('has the codes of gguf-py, whose scales are these in float16', () => {
    const { codes, scales } = rounded(floats('values'), dtype);
    const theirs = ggufBlocks(gguf, bytes);
    // gguf-py multiplies by 1/scale in float32, so a number halfway between two codes may go to the other.
    const differ = theirs.codes.filter((code, i) => code !== new Uint8Array(codes.buffer)[i]);
    expect(differ.length).toBeLessThanOrEqual(1);
    for (const [b, scale] of theirs.scales.entries())
      expect(Math.abs(scales[b]! - scale), `block ${b}`).toBeLessThanOrEqual(
        2 ** -11 * Math.abs(scale) + 2 ** -25,
      );
  });

  test('gives numbers from a GGUF file of that type back, all but the sign of 0', () => {
    const values = floats(`${gguf}.widened`);
    const unsigned = (of: Float32Array) => of.map((value) => value + 0);
    expect(unsigned(rounded(values, dtype).widened)).toEqual(unsigned(values));
  });

  test('is off by half a scale at most, but where q4 has no code', () => {
    const values = floats('values');
    const { widened, scales } = rounded(values, dtype);
    let capped = 0;
    for (const [i, value] of values.entries()) {
      const scale = scales[i >> 5]!;
      const beyond = dtype === 'q4' && value / scale > 7.5;
      if (beyond) capped++;
      const bound = (beyond ? 1 : 0.5) * Math.abs(scale);
      expect(Math.abs(widened[i]! - value), `value ${i}`).toBeLessThanOrEqual(bound * (1 + 1e-5));
    }
    expect(capped > 0).toBe(dtype === 'q4');
  });

  test('a weight that comes in parts is the weight that comes whole', () => {
    const values = floats('values');
    const whole = rounded(values, dtype).tensors;
    const writer = weightWriter('w', shape, dtype);
    for (const [first, count] of [
      [40, 24],
      [0, 40],
    ] as const)
      writer.write(values.subarray(first * 96, (first + count) * 96), first);
    expect(writer.tensors).toEqual(whole);
  });
});

test('bfloat16 keeps what is bfloat16, and is off by 2⁻⁸ of it at most', () => {
  const stream = randomStream(1, 'bfloat16');
  const values = Float32Array.from({ length: 960 }, () => normal(stream));
  const { widened } = rounded(values, 'bfloat16', [10, 96]);
  for (const [i, value] of values.entries())
    expect(Math.abs(widened[i]! - value)).toBeLessThanOrEqual(2 ** -8 * Math.abs(value));
  expect(rounded(widened, 'bfloat16', [10, 96]).widened).toEqual(widened);
});

test('vectors, and matrices whose rows are no whole blocks, stay float32', () => {
  expect(formOf([64], 'q4')).toBe('float32');
  expect(formOf([64, 40], 'q4')).toBe('float32');
  expect(formOf([64, 40], 'bfloat16')).toBe('bfloat16');
  expect(formOf([40, 64], 'q8')).toBe('q8');
});

test('the names of parts lead to the weight, and its numbers are counted once', () => {
  const part: HostTensor = { data: new Uint8Array(3 * 2 * 16), shape: [3, 2, 16], dtype: 'uint8' };
  const scales: HostTensor = { data: new Float32Array(6), shape: [3, 2], dtype: 'float32' };
  const norm: HostTensor = { data: new Float32Array(5), shape: [5], dtype: 'float32' };
  expect(parameterCount({ 'a.weight.q4': part, 'a.weight.q4.scales': scales, 'norm.weight': norm })).toBe(
    197,
  );
  for (const name of ['a.weight', 'a.weight.q4', 'a.weight.q8.scales', 'a.weight.bfloat16'])
    expect(weightOf(name)).toBe('a.weight');
});
