import type { HostTensor } from '../../engine/engine.ts';
import { QUANTISED_BLOCK as BLOCK } from '../../engine/ops/quantised-weight.ts';
import { float32ToBfloat16 } from '../files/half.ts';
import { type BaseDtype, floatWeight, formOf } from './base-weights.ts';
import { blockBytes, quantiseQ4, quantiseQ8 } from './quantise.ts';

/** Takes a weight's rows as they are read, and holds them in the form that the base has. */
export interface WeightWriter {
  /** Takes whole rows, the first of them row `first`. */
  write(rows: Float32Array, first: number): void;
  /** The weight's tensors by name, filled as far as rows were written. */
  readonly tensors: Readonly<Record<string, HostTensor>>;
}

/** Makes the writer of a weight in a base of a dtype. */
export function weightWriter(name: string, shape: readonly number[], dtype: BaseDtype): WeightWriter {
  const form = formOf(shape, dtype);
  const [rows = 1, columns = 1] = shape;
  if (form === 'q8' || form === 'q4') return blockWriter(`${name}.${form}`, [rows, columns / BLOCK], form);
  const size = shape.reduce((product, dim) => product * dim, 1);
  const width = size / rows;
  if (form === 'bfloat16') {
    const data = new Uint16Array(size);
    const write = (values: Float32Array, first: number) => data.set(float32ToBfloat16(values), first * width);
    return { write, tensors: { [`${name}.bfloat16`]: { data, shape, dtype: form } } };
  }
  const data = new Float32Array(size);
  const write = (values: Float32Array, first: number) => data.set(values, first * width);
  return { write, tensors: { [name]: { data, shape, dtype: 'float32' } } };
}

/** Rounds a weight to what a base of a dtype holds of it, as float32 again. */
export function roundedWeight(
  values: Float32Array,
  shape: readonly number[],
  dtype: BaseDtype,
): Float32Array {
  if (formOf(shape, dtype) === 'float32') return values;
  const writer = weightWriter('weight', shape, dtype);
  writer.write(values, 0);
  return floatWeight(writer.tensors, 'weight')!.data as Float32Array;
}

function blockWriter(
  codesName: string,
  [rows, blocks]: readonly [number, number],
  form: 'q8' | 'q4',
): WeightWriter {
  const scales = new Float32Array(rows * blocks);
  const size = rows * blocks * blockBytes[form];
  const codes = form === 'q8' ? new Int8Array(size) : new Uint8Array(size);
  const write = (values: Float32Array, row: number) => {
    const first = row * blocks;
    if (codes instanceof Int8Array) quantiseQ8(values, { codes, scales, first });
    else quantiseQ4(values, { codes, scales, first });
  };
  const dtype = form === 'q8' ? 'int8' : 'uint8';
  return {
    write,
    tensors: {
      [codesName]: { data: codes, shape: [rows, blocks, blockBytes[form]], dtype },
      [`${codesName}.scales`]: { data: scales, shape: [rows, blocks], dtype: 'float32' },
    },
  };
}
