import type { RandomStream } from '../../random.ts';

/**
 * Numbers held as bfloat16, the upper half of a float32, and rounded at random: up or down, with the chances that make
 * the expected value right (https://arxiv.org/abs/2010.06192).
 *
 * Rounding to nearest would not do for a second moment. With β2 = 0.999 it moves by 0.1 % a step at most as it falls,
 * and neighbours in bfloat16 are 0.4 to 0.8 % apart: it would stay at its highest value for ever. Rounded at random, a
 * second moment scatters by about 10 % about its value, and the length of a step by half of that.
 */

/** Two words that choose the random bits of one array at one step. */
export interface RoundingKey {
  readonly first: number;
  readonly second: number;
}

export function drawKey(random: RandomStream): RoundingKey {
  const word = () => Math.floor(random.next() * 2 ** 32) | 0;
  return { first: word(), second: word() };
}

/** Widens bit patterns to the float32 numbers that they are, exactly. `out` may be longer. */
export function widenInto(out: Float32Array, bits: Uint16Array): void {
  const words = new Uint32Array(out.buffer, out.byteOffset, out.length);
  for (let i = 0; i < bits.length; i++) words[i] = bits[i]! << 16;
}

/** Narrows a number to bits: adds 16 random bits below those that stay, and cuts. Infinity stays what it is. */
const narrow = (word: number, random: number) => (word + random) >>> 16;

/**
 * Narrows the first numbers of two arrays into bit patterns. The random bits of a place depend only on the key and the
 * place, so that a resumed run rounds alike. `from` is the place of the first number in the whole array.
 */
export function narrowInto(
  [first, second]: readonly [Uint16Array, Uint16Array],
  [a, b]: readonly [Float32Array, Float32Array],
  { key, from }: { readonly key: RoundingKey; readonly from: number },
): void {
  const [aWords, bWords] = [a, b].map((x) => new Uint32Array(x.buffer, x.byteOffset, x.length));
  for (let i = 0; i < first.length; i++) {
    const bits = mix(from + i, key);
    first[i] = narrow(aWords![i]!, bits & 0xffff);
    second[i] = narrow(bWords![i]!, bits >>> 16);
  }
}

/** 32 bits that look random, from a place and a key: two rounds of multiplication and shifts, as in MurmurHash3. */
function mix(place: number, { first, second }: RoundingKey): number {
  let x = (place ^ first) | 0;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = (x + second) | 0;
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return x ^ (x >>> 16);
}
