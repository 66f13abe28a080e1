import { QUANTISED_BLOCK as BLOCK } from '../../engine/ops/quantised-weight.ts';

// Rounding of float32 weights to few bits, and back. Each block of 32 neighbours in a row shares a scale.
//
//   q8  scale = max|w| / 127, code = round(w / scale): −127 … 127                     ŵ = scale·code
//   q4  scale = m / −8 with m the number of greatest size, sign and all,              ŵ = scale·(code − 8)
//       code = min(15, round(w / scale) + 8): 0 … 15
//
// The scale is rounded to float32 first, and halves are rounded up. So |ŵ − w| ≤ |scale|/2, up to that rounding of the
// scale; except that q4 has no code for −m: a number of up to that size on the other side is off by up to |scale|.
// These are the rules of GGUF's Q8_0 and Q4_0 (ggml-quants.c), whose scales are float16: numbers from such a file come
// out again exactly. A block of zeros has scale 0.

const HALF = BLOCK / 2;

/** Bytes of a block's codes. */
export const blockBytes = { q8: BLOCK, q4: HALF } as const;

/** Where codes and scales of whole blocks are written. */
export interface Blocks<Codes> {
  readonly codes: Codes;
  readonly scales: Float32Array;
  /** The first block to be written. */
  readonly first: number;
}

/** Rounds whole blocks of values to q8. */
export function quantiseQ8(values: Float32Array, { codes, scales, first }: Blocks<Int8Array>): void {
  for (let from = 0, block = first; from < values.length; from += BLOCK, block++) {
    const scale = Math.fround(Math.abs(greatest(values, from)) / 127);
    scales[block] = scale;
    // A block of zeros has code 0.
    const unit = scale === 0 ? 1 : scale;
    const to = block * BLOCK;
    for (let i = 0; i < BLOCK; i++) codes[to + i] = Math.floor(values[from + i]! / unit + 0.5);
  }
}

/** Rounds whole blocks of values to q4. Byte i of a block has code i in its low half and code 16 + i in its high half. */
export function quantiseQ4(values: Float32Array, { codes, scales, first }: Blocks<Uint8Array>): void {
  for (let from = 0, block = first; from < values.length; from += BLOCK, block++) {
    const scale = Math.fround(greatest(values, from) / -8);
    scales[block] = scale;
    const unit = scale === 0 ? 1 : scale;
    const to = block * HALF;
    for (let i = 0; i < HALF; i++) {
      const low = Math.min(15, Math.floor(values[from + i]! / unit + 8.5));
      const high = Math.min(15, Math.floor(values[from + HALF + i]! / unit + 8.5));
      codes[to + i] = low | (high << 4);
    }
  }
}

/** The number of greatest size in a block, the first of equals. */
function greatest(values: Float32Array, from: number): number {
  let found = 0;
  let size = 0;
  for (let i = from; i < from + BLOCK; i++) {
    const value = values[i]!;
    if (Math.abs(value) <= size) continue;
    found = value;
    size = Math.abs(value);
  }
  return found;
}

export function dequantiseQ8(codes: Int8Array, scales: Float32Array): Float32Array {
  const out = new Float32Array(codes.length);
  for (let i = 0; i < out.length; i++) out[i] = scales[i >>> 5]! * codes[i]!;
  return out;
}

export function dequantiseQ4(codes: Uint8Array, scales: Float32Array): Float32Array {
  const out = new Float32Array(codes.length * 2);
  for (let block = 0; block < scales.length; block++) {
    for (let i = 0; i < HALF; i++) {
      const pair = codes[block * HALF + i]!;
      out[block * BLOCK + i] = scales[block]! * ((pair & 15) - 8);
      out[block * BLOCK + HALF + i] = scales[block]! * ((pair >> 4) - 8);
    }
  }
  return out;
}
