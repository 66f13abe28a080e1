import { InputError } from '../../errors.ts';

/**
 * Reads the values of a GGUF header one after another, never past the bytes that there are. Every count is compared
 * with the bytes that its items need before any of them is read, so a header can't ask for more than a file holds.
 */

/** A value of a GGUF file's metadata. Whole numbers that JavaScript doesn't keep exactly are bigint. */
export type GgufValue = number | bigint | boolean | string | readonly GgufValue[];

/** More values than any real header has: the largest vocabularies have some 260,000 tokens, with three lists of them. */
const MOST_VALUES = 1 << 22;
const DEEPEST_ARRAY = 4;
const STRING = 8;
const ARRAY = 9;

/** Thrown when the bytes at hand end before the header does. */
export class HeaderGoesOn extends Error {}

type Read = (bytes: Buffer, at: number) => GgufValue;

/** GGUF's types of one value: bytes and how they are read. */
const scalars: Readonly<Record<number, readonly [bytes: number, read: Read]>> = {
  0: [1, (bytes, at) => bytes.readUInt8(at)],
  1: [1, (bytes, at) => bytes.readInt8(at)],
  2: [2, (bytes, at) => bytes.readUInt16LE(at)],
  3: [2, (bytes, at) => bytes.readInt16LE(at)],
  4: [4, (bytes, at) => bytes.readUInt32LE(at)],
  5: [4, (bytes, at) => bytes.readInt32LE(at)],
  6: [4, (bytes, at) => bytes.readFloatLE(at)],
  7: [1, (bytes, at) => bytes.readUInt8(at) !== 0],
  10: [8, (bytes, at) => exact(bytes.readBigUInt64LE(at))],
  11: [8, (bytes, at) => exact(bytes.readBigInt64LE(at))],
  12: [8, (bytes, at) => bytes.readDoubleLE(at)],
};

function exact(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/** A place in a header. `bytes` are its first ones; `size` is the length of the whole file. */
export class GgufCursor {
  at = 0;
  private values = 0;

  constructor(
    private readonly bytes: Buffer,
    private readonly size: number,
  ) {}

  u32(): number {
    return this.scalar(4) as number;
  }

  /** @throws InputError when it is more than JavaScript keeps exactly. */
  u64(what: string): number {
    const value = this.scalar(10);
    if (typeof value === 'number') return value;
    throw new InputError(`${what} is ${value}`);
  }

  /**
   * How many of something follow, each of `least` bytes or more.
   * @throws InputError when the file is too short for that many, or no real header has as many.
   */
  count(what: string, least: number): number {
    const count = this.u64(`the number of ${what}`);
    const left = this.size - this.at;
    if (count > left / least) {
      throw new InputError(`it names ${count} ${what}, more than its ${left} bytes left could hold`);
    }
    this.values += count;
    if (this.values > MOST_VALUES) {
      throw new InputError(
        `it names ${count} ${what}; a header of more than ${MOST_VALUES} values is not read`,
      );
    }
    return count;
  }

  string(): string {
    const length = this.u64('the length of a string');
    if (length > this.size - this.at) {
      throw new InputError(`a string of ${length} bytes at byte ${this.at} goes past the end`);
    }
    const start = this.advance(length);
    return this.bytes.toString('utf8', start, this.at);
  }

  /** @throws InputError when there is no such type, or arrays are nested deeper than any program writes them. */
  value(type: number, depth = 0): GgufValue {
    if (type === STRING) return this.string();
    if (type !== ARRAY) return this.scalar(type);
    if (depth === DEEPEST_ARRAY) throw new InputError(`arrays are nested more than ${DEEPEST_ARRAY} deep`);
    const of = this.u32();
    const least = of === STRING ? 8 : of === ARRAY ? 12 : this.scalarType(of)[0];
    const count = this.count('values of an array', least);
    return Array.from({ length: count }, () => this.value(of, depth + 1));
  }

  private scalar(type: number): GgufValue {
    const [length, read] = this.scalarType(type);
    return read(this.bytes, this.advance(length));
  }

  private scalarType(type: number): readonly [number, Read] {
    const found = scalars[type];
    if (found === undefined)
      throw new InputError(`a value at byte ${this.at} is of the unknown type ${type}`);
    return found;
  }

  /** Steps over `length` bytes that are there, and returns where they start. */
  private advance(length: number): number {
    const start = this.at;
    if (start + length > this.bytes.length) throw new HeaderGoesOn();
    this.at += length;
    return start;
  }
}
