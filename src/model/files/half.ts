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

/** Least |value| that rounds beyond float16's largest number, 65504. */
const HALF_OVERFLOW = 65520;

/**
 * Narrows float32 to IEEE half bit patterns, rounding to nearest, ties to even, as numpy's astype(float16) does.
 * Infinity and NaN stay what they are.
 * @throws RangeError for a finite value of 65520 or more, which float16 can't hold.
 */
export function float32ToHalf(values: Float32Array): Uint16Array {
  const out = new Uint16Array(values.length);
  for (let i = 0; i < values.length; i++) out[i] = floatToHalf(values[i]!);
  return out;
}

/** Narrows one float32 to its half bit pattern, as `float32ToHalf` does. */
export function floatToHalf(value: number): number {
  float[0] = Math.abs(value);
  const bits = word[0]!;
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  if (bits > 0x7f800000) return sign | 0x7e00;
  if (bits === 0x7f800000) return sign | 0x7c00;
  if (float[0] >= HALF_OVERFLOW) throw new RangeError(`float16 can't hold ${value}: its largest is 65504`);
  // From 2^-14 on, 13 bits of the mantissa are dropped, and the exponent's bias falls from 127 to 15.
  if (bits >= 0x38800000) return sign | ((bits - 0x38000000 + 0xfff + ((bits >>> 13) & 1)) >>> 13);
  // Below, half's step is 2^-24, which is float32's step between 0.5 and 1: adding 0.5 rounds.
  float[0] += 0.5;
  return sign | (word[0]! - 0x3f000000);
}
