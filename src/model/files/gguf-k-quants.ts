import { halfValues } from './half.ts';

/**
 * GGUF's K types (https://github.com/ggml-org/llama.cpp, ggml-quants.c): a block is 256 values in sub-blocks, each with
 * a small whole scale that the block's f16 scale multiplies.
 */

export const K_BLOCK = 256;

/**
 * Block: 128 bytes of low halves, 64 bytes of upper bit pairs, 16 × int8 scale (of 16 values each), f16 d. value =
 * d·scale·(q − 32)
 */
export function dequantiseQ6K(raw: ArrayBuffer): Float32Array {
  const half = halfValues();
  const bytes = new Uint8Array(raw);
  const signed = new Int8Array(raw);
  const scales = new Uint16Array(raw);
  const out = new Float32Array((raw.byteLength / 210) * K_BLOCK);
  for (let at = 0, o = 0; at < bytes.length; at += 210, o += K_BLOCK) {
    const d = half[scales[(at + 208) >> 1]!]!;
    // Each half of 128 values is four runs of 32: two share their bytes of low halves, all four a byte of bit pairs.
    for (let sub = 0; sub < 16; sub++) {
      const run = (sub >> 1) & 3;
      const inRun = (sub & 1) * 16;
      const low = at + (sub >> 3) * 64 + (run & 1) * 32 + inRun;
      const high = at + 128 + (sub >> 3) * 32 + inRun;
      const lowShift = run < 2 ? 0 : 4;
      const scale = d * signed[at + 192 + sub]!;
      for (let l = 0; l < 16; l++) {
        const q = ((bytes[low + l]! >> lowShift) & 15) | (((bytes[high + l]! >> (2 * run)) & 3) << 4);
        out[o + sub * 16 + l] = scale * (q - 32);
      }
    }
  }
  return out;
}

/**
 * Block: f16 d, f16 m, 12 bytes of scales and minima, 128 bytes of q. value = d·scale·q − m·minimum, of 32 values each
 */
export const dequantiseQ4K = (raw: ArrayBuffer): Float32Array =>
  withMinima(raw, { blockBytes: 144, fifth: 0 });

/** Block: as Q4_K, with 32 bytes of fifth bits before q. */
export const dequantiseQ5K = (raw: ArrayBuffer): Float32Array =>
  withMinima(raw, { blockBytes: 176, fifth: 32 });

function withMinima(
  raw: ArrayBuffer,
  { blockBytes, fifth }: { readonly blockBytes: number; readonly fifth: number },
): Float32Array {
  const half = halfValues();
  const bytes = new Uint8Array(raw);
  const words = new Uint16Array(raw);
  const out = new Float32Array((raw.byteLength / blockBytes) * K_BLOCK);
  for (let at = 0, o = 0; at < bytes.length; at += blockBytes, o += K_BLOCK) {
    const [d, m] = [half[words[at >> 1]!]!, half[words[(at >> 1) + 1]!]!];
    for (let sub = 0; sub < 8; sub++) {
      const [six, sixMinimum] = scaleAndMinimum(bytes, at + 4, sub);
      const scale = d * six;
      const minimum = m * sixMinimum;
      // Two sub-blocks share 32 bytes of q: one has the low halves, the other the high.
      const first = at + 16 + fifth + (sub >> 1) * 32;
      const shift = (sub & 1) * 4;
      for (let l = 0; l < 32; l++) {
        const q = (bytes[first + l]! >> shift) & 15;
        const bit = fifth === 0 ? 0 : (bytes[at + 16 + l]! >> sub) & 1;
        out[o + sub * 32 + l] = scale * (q | (bit << 4)) - minimum;
      }
    }
  }
  return out;
}

/** Eight scales and minima of six bits in 12 bytes: the last four have their upper bits in those of the first four. */
function scaleAndMinimum(bytes: Uint8Array, at: number, sub: number): readonly [number, number] {
  const byte = (i: number) => bytes[at + i]!;
  if (sub < 4) return [byte(sub) & 63, byte(sub + 4) & 63];
  return [(byte(sub + 4) & 15) | ((byte(sub - 4) >> 6) << 4), (byte(sub + 4) >> 4) | ((byte(sub) >> 6) << 4)];
}
