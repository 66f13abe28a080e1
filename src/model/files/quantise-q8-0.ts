import { floatToHalf } from './half.ts';

/** Values and bytes of a block. */
const BLOCK = 32;
const BLOCK_BYTES = 34;

/**
 * Quantises rows of whole blocks to ggml's Q8_0: each 32 values become a float16 scale d and 32 × int8 q, with value ≈
 * d·q. d = max|value| / 127 and q = round(value / d), ties away from zero, in float32 steps: the bits that gguf-py and
 * llama.cpp give.
 * @throws RangeError when a value is not finite, or a block's scale is beyond float16.
 */
export function quantiseQ8_0(values: Float32Array): Uint8Array {
  const out = new Uint8Array((values.length / BLOCK) * BLOCK_BYTES);
  const quants = new Int8Array(out.buffer);
  const scales = new Uint16Array(out.buffer);
  for (let start = 0, at = 0; start < values.length; start += BLOCK, at += BLOCK_BYTES) {
    const scale = Math.fround(largest(values, start) / 127);
    const inverse = scale === 0 ? 0 : Math.fround(1 / scale);
    scales[at >> 1] = floatToHalf(scale);
    for (let i = 0; i < BLOCK; i++) {
      const scaled = Math.fround(values[start + i]! * inverse);
      quants[at + 2 + i] = Math.sign(scaled) * roundHalfUp(Math.abs(scaled));
    }
  }
  return out;
}

/** Rounds a float32 of at least 0. Adding 0.5 in double would be exact; floor of it is roundf. */
const roundHalfUp = (value: number): number => Math.floor(value + 0.5);

/** Finds the largest |value| of a block. */
function largest(values: Float32Array, start: number): number {
  let most = 0;
  for (let i = start; i < start + BLOCK; i++) {
    const size = Math.abs(values[i]!);
    if (!Number.isFinite(size)) throw new RangeError(`Q8_0 can't hold ${values[i]}`);
    if (size > most) most = size;
  }
  return most;
}
