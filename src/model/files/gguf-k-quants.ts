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
    for (let i = 0; i < K_BLOCK; i++) {
      // Each half of 128 values is four runs of 32: two share their bytes of low halves, all four a byte of bit pairs.
      const part = i >> 7;
      const run = (i >> 5) & 3;
      const l = i & 31;
      const low = bytes[at + part * 64 + (run & 1) * 32 + l]! >> (run < 2 ? 0 : 4);
      const high = bytes[at + 128 + part * 32 + l]! >> (2 * run);
      const scale = signed[at + 192 + (i >> 4)]!;
      out[o + i] = d * scale * (((low & 15) | ((high & 3) << 4)) - 32);
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
      const [scale, minimum] = scaleAndMinimum(bytes, at + 4, sub);
      for (let l = 0; l < 32; l++) {
        // Two sub-blocks share 32 bytes of q: one has the low halves, the other the high.
        const pair = bytes[at + 16 + fifth + (sub >> 1) * 32 + l]!;
        const bit = fifth === 0 ? 0 : (bytes[at + 16 + l]! >> sub) & 1;
        const q = ((sub & 1 ? pair >> 4 : pair) & 15) | (bit << 4);
        out[o + sub * 32 + l] = d * scale * q - m * minimum;
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
