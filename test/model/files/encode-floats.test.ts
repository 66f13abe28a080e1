import { describe, expect, test } from 'vitest';
import { InputError } from '../../../src/errors.ts';
import { encodedBytes, encodeTensor } from '../../../src/model/files/encode-floats.ts';
import { dequantise } from '../../../src/model/files/gguf.ts';
import { float32ToBfloat16, float32ToHalf, halfValues } from '../../../src/model/files/half.ts';
import { quantiseQ8_0 } from '../../../src/model/files/quantise-q8-0.ts';
import { readSafetensors } from '../../../src/model/files/safetensors.ts';

/** Recorded from numpy and gguf-py by make.py beside it. */
const recorded = await readSafetensors('test/fixtures/own/rounding/rounding.safetensors');
const floats = (name: string) => recorded[name]!.data as Float32Array;
const whole = (name: string) => Array.from(recorded[name]!.data as Int32Array);

describe('float32 is rounded to the bits that numpy and gguf-py give', () => {
  test('float16: random, subnormal, tie and neighbouring values', () => {
    expect(Array.from(float32ToHalf(floats('values')))).toEqual(whole('float16'));
  });

  test('bfloat16', () => {
    expect(Array.from(float32ToBfloat16(floats('values')))).toEqual(whole('bfloat16'));
  });

  test('Q8_0, with scales that are subnormal or 0 in float16, and ties', () => {
    expect(Array.from(quantiseQ8_0(floats('rows')))).toEqual(whole('q8_0'));
  });
});

test('each of the 65536 float16 values is kept, NaN as NaN, and halfway between two goes to the even one', () => {
  const values = halfValues();
  const narrowed = float32ToHalf(values);
  const ties: number[] = [];
  for (let bits = 0; bits < 65536; bits++) {
    if (Number.isNaN(values[bits]!)) expect(Number.isNaN(values[narrowed[bits]!]!)).toBe(true);
    else expect(narrowed[bits]).toBe(bits);
    if ((bits & 0x7fff) < 0x7bff) ties.push(bits);
  }
  const between = Float32Array.from(ties, (bits) => (values[bits]! + values[bits + 1]!) / 2);
  const even = ties.map((bits) => bits + (bits & 1));
  expect(Array.from(float32ToHalf(between))).toEqual(even);
});

describe('a number that a type can’t hold is refused, naming the tensor', () => {
  const tensor = (...values: number[]) => ({
    name: 'model.norm.weight',
    shape: [values.length],
    read: () => Float32Array.from(values),
  });

  test('float16 ends at 65504', async () => {
    await expect(encodeTensor(tensor(1, -65520), 'F16')).rejects.toThrow(
      new InputError(
        'tensor "model.norm.weight": float16 can\'t hold -65520: its largest is 65504; write the model as bf16 or f32',
      ),
    );
    expect(await encodeTensor(tensor(65519, Number.POSITIVE_INFINITY), 'F16')).toEqual(
      Uint8Array.of(0xff, 0x7b, 0x00, 0x7c),
    );
  });

  test('Q8_0 has no infinity, and its scale is a float16', async () => {
    const block = (value: number) => tensor(value, ...Array<number>(31).fill(1));
    await expect(encodeTensor(block(Number.NaN), 'Q8_0')).rejects.toThrow(/Q8_0 can't hold NaN/);
    await expect(encodeTensor(block(1e7), 'Q8_0')).rejects.toThrow(/float16 can't hold 78740/);
  });
});

test('Q8_0 read back is within half a step, or what float16 took from the scale', () => {
  const rows = floats('rows').slice(0, 24 * 32);
  const bytes = quantiseQ8_0(rows);
  expect(bytes.length).toBe(encodedBytes('Q8_0', rows.length));
  const back = dequantise(bytes.buffer as ArrayBuffer, 'Q8_0', 'rows');
  for (let i = 0; i < rows.length; i++) {
    const block = rows.subarray(i - (i % 32), i - (i % 32) + 32);
    const most = Math.max(...block.map(Math.abs));
    expect(Math.abs(back[i]! - rows[i]!)).toBeLessThan(most / 127 / 2 + most * 2 ** -11 + 1e-6);
  }
});
