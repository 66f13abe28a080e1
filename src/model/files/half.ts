export { bfloat16ToFloat32 } from '../../engine/program-view.ts';

/**
 * Conversions between 16-bit floats and float32. Both 16-bit forms are subsets of float32, so widening is exact.
 */

const word = new Uint32Array(1);
const float = new Float32Array(word.buffer);

let halfTable: Float32Array | undefined;

/** Every IEEE half value by its bit pattern, [65536]: one look-up widens one value. */
export function halfValues(): Float32Array {
  halfTable ??= Float32Array.from({ length: 65536 }, (_, bits) => halfToFloat(bits));
  return halfTable;
}

/** value = (−1)^sign · 2^(exponent−15) · (1 + mantissa/1024); exponent 0 is subnormal, 31 is infinite or NaN. */
function halfToFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const mantissa = bits & 1023;
  if (exponent === 0) return sign * mantissa * 2 ** -24;
  if (exponent === 31) return mantissa ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * 2 ** (exponent - 15) * (1 + mantissa / 1024);
}

/** Widens IEEE half bit patterns to float32, exactly. */
export function halfToFloat32(bits: Uint16Array): Float32Array {
  const values = halfValues();
  const out = new Float32Array(bits.length);
  for (let i = 0; i < bits.length; i++) out[i] = values[bits[i]!]!;
  return out;
}

/** Narrows float32 to bfloat16 bit patterns, rounding to nearest, ties to even. NaN stays NaN. */
export function float32ToBfloat16(values: Float32Array): Uint16Array {
  const out = new Uint16Array(values.length);
  for (let i = 0; i < values.length; i++) {
    float[0] = values[i]!;
    const bits = word[0]!;
    out[i] = Number.isNaN(values[i]!) ? (bits >>> 16) | 0x40 : (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
  }
  return out;
}
