import type { HostTensor, ProgramDType } from './engine.ts';

/** Type and shape of a tensor inside a program. */
export interface ProgramView {
  readonly dtype: ProgramDType;
  readonly shape: readonly number[];
}

const BYTES_PER_WORD = 4;

/**
 * What a program sees of a host tensor. tfjs has no bytes: four of them become one little-endian int32 word, so the
 * last axis is a quarter as long. bfloat16 becomes float32. All else stays as it is.
 */
export function programView({ dtype, shape }: Pick<HostTensor, 'dtype' | 'shape'>): ProgramView {
  if (dtype === 'bfloat16') return { dtype: 'float32', shape };
  if (dtype !== 'int8' && dtype !== 'uint8') return { dtype, shape };
  return { dtype: 'int32', shape: [...shape.slice(0, -1), shape.at(-1)! / BYTES_PER_WORD] };
}

/** The numbers of `programView`: the same memory where that is possible. */
export function programData({ data, dtype }: HostTensor): Float32Array | Int32Array | Uint8Array {
  if (dtype === 'bfloat16') return bfloat16ToFloat32(data as Uint16Array);
  if (dtype !== 'int8' && dtype !== 'uint8') return data as Float32Array;
  return new Int32Array(data.buffer, data.byteOffset, data.byteLength / BYTES_PER_WORD);
}

/** Widens bfloat16 bit patterns to float32, exactly: they are the upper 16 bits of one. */
export function bfloat16ToFloat32(bits: Uint16Array): Float32Array {
  const out = new Uint32Array(bits.length);
  for (let i = 0; i < bits.length; i++) out[i] = bits[i]! << 16;
  return new Float32Array(out.buffer);
}
