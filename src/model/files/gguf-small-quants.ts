import { K_BLOCK } from './gguf-k-quants.ts';
import { halfValues } from './half.ts';

/**
 * GGUF's types of two to four bits (https://github.com/ggml-org/llama.cpp, ggml-quants.c): the K types Q2_K and Q3_K,
 * and the IQ4 types, whose four bits index a table of unequal steps.
 */

/**
 * Block: 16 bytes of a scale (low half) and a minimum (high half) for 16 values each, 64 bytes of q, f16 d, f16 m. value
 * = d·scale·q − m·minimum
 */
export function dequantiseQ2K(raw: ArrayBuffer): Float32Array {
  const half = halfValues();
  const bytes = new Uint8Array(raw);
  const words = new Uint16Array(raw);
  const out = new Float32Array((raw.byteLength / 84) * K_BLOCK);
  for (let at = 0, o = 0; at < bytes.length; at += 84, o += K_BLOCK) {
    const d = half[words[(at + 80) >> 1]!]!;
    const m = half[words[(at + 82) >> 1]!]!;
    for (let sub = 0; sub < 16; sub++) {
      const packed = bytes[at + sub]!;
      const scale = d * (packed & 15);
      const minimum = m * (packed >> 4);
      const { first, shift } = twoBits(sub);
      for (let l = 0; l < 16; l++) {
        out[o + sub * 16 + l] = scale * ((bytes[at + 16 + first + l]! >> shift) & 3) - minimum;
      }
    }
  }
  return out;
}

/**
 * Block: 32 bytes of third bits, 64 bytes of two low bits, 12 bytes of 16 scales of six bits, f16 d. value = d·(scale −
 * 32)·(q − 4)
 */
export function dequantiseQ3K(raw: ArrayBuffer): Float32Array {
  const half = halfValues();
  const bytes = new Uint8Array(raw);
  const words = new Uint16Array(raw);
  const out = new Float32Array((raw.byteLength / 110) * K_BLOCK);
  for (let at = 0, o = 0; at < bytes.length; at += 110, o += K_BLOCK) {
    const d = half[words[(at + 108) >> 1]!]!;
    for (let sub = 0; sub < 16; sub++) {
      // Scale j: its low four bits are a half of byte j mod 8, its upper two a pair of byte 8 + j mod 4.
      const low = (bytes[at + 96 + (sub & 7)]! >> (sub < 8 ? 0 : 4)) & 15;
      const high = (bytes[at + 104 + (sub & 3)]! >> (2 * (sub >> 2))) & 3;
      const scale = d * ((low | (high << 4)) - 32);
      const { first, shift } = twoBits(sub);
      for (let l = 0; l < 16; l++) {
        const third = (bytes[at + (sub & 1) * 16 + l]! >> (sub >> 1)) & 1;
        const q = ((bytes[at + 32 + first + l]! >> shift) & 3) | (third << 2);
        out[o + sub * 16 + l] = scale * (q - 4);
      }
    }
  }
  return out;
}

/** Two bits of each of 128 values share 32 bytes: runs of 32 values, one for each pair of bits. */
function twoBits(sub: number): { readonly first: number; readonly shift: number } {
  return { first: (sub >> 3) * 32 + (sub & 1) * 16, shift: 2 * ((sub >> 1) & 3) };
}

/** The values that the four bits of an IQ4 type stand for. */
const steps = Int8Array.of(-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113);

/** Block: f16 d, 16 bytes with the index of value i in the low half of byte i and of value i + 16 in the high. value = d·step */
export function dequantiseIQ4NL(raw: ArrayBuffer): Float32Array {
  const half = halfValues();
  const bytes = new Uint8Array(raw);
  const words = new Uint16Array(raw);
  const out = new Float32Array((raw.byteLength / 18) * 32);
  for (let at = 0, o = 0; at < bytes.length; at += 18, o += 32) {
    writeSteps({ bytes, at: at + 2, out, o, scale: half[words[at >> 1]!]! });
  }
  return out;
}

/**
 * Block: f16 d, 16 bits with the upper two bits of 8 scales, 4 bytes with their low halves, then 8 runs of 16 bytes as
 * in IQ4_NL. value = d·(scale − 32)·step
 */
export function dequantiseIQ4XS(raw: ArrayBuffer): Float32Array {
  const half = halfValues();
  const bytes = new Uint8Array(raw);
  const words = new Uint16Array(raw);
  const out = new Float32Array((raw.byteLength / 136) * K_BLOCK);
  for (let at = 0, o = 0; at < bytes.length; at += 136, o += K_BLOCK) {
    const d = half[words[at >> 1]!]!;
    const upper = words[(at >> 1) + 1]!;
    for (let sub = 0; sub < 8; sub++) {
      const low = (bytes[at + 4 + (sub >> 1)]! >> (4 * (sub & 1))) & 15;
      const scale = d * ((low | (((upper >> (2 * sub)) & 3) << 4)) - 32);
      writeSteps({ bytes, at: at + 8 + sub * 16, out, o: o + sub * 32, scale });
    }
  }
  return out;
}

/** Writes 32 values, whose indices are the halves of the 16 bytes at `at`, to `out` from `o` on. */
function writeSteps({ bytes, at, out, o, scale }: StepRun): void {
  for (let i = 0; i < 16; i++) {
    const pair = bytes[at + i]!;
    out[o + i] = scale * steps[pair & 15]!;
    out[o + i + 16] = scale * steps[pair >> 4]!;
  }
}

interface StepRun {
  readonly bytes: Uint8Array;
  readonly at: number;
  readonly out: Float32Array;
  readonly o: number;
  readonly scale: number;
}
