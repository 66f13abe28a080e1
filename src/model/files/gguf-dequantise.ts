import { dequantiseQ4K, dequantiseQ5K, dequantiseQ6K } from './gguf-k-quants.ts';
import { dequantiseIQ4NL, dequantiseIQ4XS, dequantiseQ2K, dequantiseQ3K } from './gguf-small-quants.ts';
import { ggmlTypeNamed } from './gguf-types.ts';
import { bfloat16ToFloat32, halfToFloat32, halfValues } from './half.ts';

/**
 * GGUF's quantised element types (https://github.com/ggml-org/llama.cpp, ggml-quants.c) back to float32. A block is 32
 * values with its own scale, or 256 of the K types; each value is computed in double and rounded once, which gives the
 * bits that gguf-py gives.
 */

interface QuantType {
  readonly blockElements: number;
  readonly blockBytes: number;
  readonly dequantise: Dequantise;
}

type Dequantise = (raw: ArrayBuffer) => Float32Array;

const BLOCK = 32;

/** The supported types by their GGUF name. */
const dequantisers: Readonly<Record<string, Dequantise>> = {
  F32: (raw) => new Float32Array(raw),
  F16: (raw) => halfToFloat32(new Uint16Array(raw)),
  BF16: (raw) => bfloat16ToFloat32(new Uint16Array(raw)),
  Q8_0: dequantiseQ8_0,
  Q4_0: dequantiseQ4_0,
  Q4_1: dequantiseQ4_1,
  Q5_0: dequantiseQ5_0,
  Q5_1: dequantiseQ5_1,
  IQ4_NL: dequantiseIQ4NL,
  IQ4_XS: dequantiseIQ4XS,
  Q2_K: dequantiseQ2K,
  Q3_K: dequantiseQ3K,
  Q4_K: dequantiseQ4K,
  Q5_K: dequantiseQ5K,
  Q6_K: dequantiseQ6K,
};

export const supportedQuantTypes: readonly string[] = Object.keys(dequantisers);

/** Finds a type by its GGUF name ("Q4_1"); undefined when it is not supported. */
export function quantType(name: string): QuantType | undefined {
  const type = ggmlTypeNamed(name);
  if (type === undefined || !Object.hasOwn(dequantisers, name)) return undefined;
  return { blockElements: type.elements, blockBytes: type.bytes, dequantise: dequantisers[name]! };
}

/** Block: f16 d, 32 × int8 q. value = d·q */
function dequantiseQ8_0(raw: ArrayBuffer): Float32Array {
  const half = halfValues();
  const scales = new Uint16Array(raw);
  const quants = new Int8Array(raw);
  const out = new Float32Array((raw.byteLength / 34) * BLOCK);
  for (let at = 0, o = 0; at < quants.length; at += 34, o += BLOCK) {
    const d = half[scales[at >> 1]!]!;
    for (let i = 0; i < BLOCK; i++) out[o + i] = d * quants[at + 2 + i]!;
  }
  return out;
}

/**
 * Block: f16 d, 16 bytes with q of value i in the low half of byte i and of value i + 16 in the high. value = d·(q − 8)
 */
function dequantiseQ4_0(raw: ArrayBuffer): Float32Array {
  const half = halfValues();
  const scales = new Uint16Array(raw);
  const bytes = new Uint8Array(raw);
  const out = new Float32Array((raw.byteLength / 18) * BLOCK);
  for (let at = 0, o = 0; at < bytes.length; at += 18, o += BLOCK) {
    const d = half[scales[at >> 1]!]!;
    for (let i = 0; i < 16; i++) {
      const pair = bytes[at + 2 + i]!;
      out[o + i] = d * ((pair & 15) - 8);
      out[o + i + 16] = d * ((pair >> 4) - 8);
    }
  }
  return out;
}

/** Block: f16 d, f16 m, 16 bytes of q as in Q4_0. value = d·q + m */
function dequantiseQ4_1(raw: ArrayBuffer): Float32Array {
  const half = halfValues();
  const scales = new Uint16Array(raw);
  const bytes = new Uint8Array(raw);
  const out = new Float32Array((raw.byteLength / 20) * BLOCK);
  for (let at = 0, o = 0; at < bytes.length; at += 20, o += BLOCK) {
    const d = half[scales[at >> 1]!]!;
    const m = half[scales[(at >> 1) + 1]!]!;
    for (let i = 0; i < 16; i++) {
      const pair = bytes[at + 4 + i]!;
      out[o + i] = d * (pair & 15) + m;
      out[o + i + 16] = d * (pair >> 4) + m;
    }
  }
  return out;
}

/** Block: f16 d, 4 bytes with the fifth bit of each q, 16 bytes of q as in Q4_0. value = d·(q − 16) */
function dequantiseQ5_0(raw: ArrayBuffer): Float32Array {
  const half = halfValues();
  const scales = new Uint16Array(raw);
  const bytes = new Uint8Array(raw);
  const out = new Float32Array((raw.byteLength / 22) * BLOCK);
  for (let at = 0, o = 0; at < bytes.length; at += 22, o += BLOCK) {
    const d = half[scales[at >> 1]!]!;
    for (let i = 0; i < BLOCK; i++) out[o + i] = d * (fiveBits(bytes, at + 2, i) - 16);
  }
  return out;
}

/** Block: f16 d, f16 m, then as Q5_0. value = d·q + m */
function dequantiseQ5_1(raw: ArrayBuffer): Float32Array {
  const half = halfValues();
  const scales = new Uint16Array(raw);
  const bytes = new Uint8Array(raw);
  const out = new Float32Array((raw.byteLength / 24) * BLOCK);
  for (let at = 0, o = 0; at < bytes.length; at += 24, o += BLOCK) {
    const d = half[scales[at >> 1]!]!;
    const m = half[scales[(at >> 1) + 1]!]!;
    for (let i = 0; i < BLOCK; i++) out[o + i] = d * fiveBits(bytes, at + 4, i) + m;
  }
  return out;
}

/** q of value i: its fifth bit is bit i of the four bytes at `at`, the others a half of byte i mod 16 behind them. */
function fiveBits(bytes: Uint8Array, at: number, i: number): number {
  const fifth = (bytes[at + (i >> 3)]! >> (i & 7)) & 1;
  const pair = bytes[at + 4 + (i & 15)]!;
  return ((i < 16 ? pair : pair >> 4) & 15) | (fifth << 4);
}
