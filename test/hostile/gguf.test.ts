import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { InputError } from '../../src/errors.ts';
import { openGguf } from '../../src/model/files/gguf.ts';
import { readModelConfig } from '../../src/model/read-config.ts';
import { loadWeights } from '../../src/model/weights/load-weights.ts';
import { temporaryFolders } from '../io/temporary-folder.ts';
import { tinyGguf } from '../model/files/tiny-gguf.ts';
import { type GgufInput, writeGguf } from '../model/files/write-gguf.ts';
import { f32, string, u32, u64 } from './bytes.ts';

const folder = temporaryFolders();

const head = (tensors: number | bigint, keys: number | bigint) =>
  Buffer.concat([Buffer.from('GGUF'), u32(3), u64(tensors), u64(keys)]);
const STRING = u32(8);
const ARRAY = u32(9);
const U64 = u32(10);
const key = (name: string, ...value: Buffer[]) => Buffer.concat([string(name), ...value]);
const tensor = (
  name: string,
  ne: readonly (number | bigint)[],
  { type = 0, offset = 0 as number | bigint } = {},
) => Buffer.concat([string(name), u32(ne.length), ...ne.map(u64), u32(type), u64(offset)]);
const data = (length: number) => Buffer.alloc(length + 32);

function written(...parts: Buffer[]): string {
  const path = join(folder(), 'hostile.gguf');
  writeFileSync(path, Buffer.concat(parts));
  return path;
}

/** Fails unless opening the file is one clear line. */
async function refused(path: string, message: string | RegExp): Promise<void> {
  const error = await openGguf(path).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(InputError);
  expect((error as Error).message).toMatch(message);
  expect((error as Error).message).not.toContain('\n');
}

describe('a header that says what can not be is refused in one line', () => {
  test.each<[string, Buffer[], string | RegExp]>([
    ['more tensors than bytes', [head(2n ** 60n, 0)], 'the number of tensors is 1152921504606846976'],
    ['a billion tensors', [head(1e9, 0)], 'names 1000000000 tensors, more than its 8 bytes left could hold'],
    ['a billion keys', [head(0, 1e9), data(64)], 'names 1000000000 metadata keys'],
    ['a string past the end', [head(0, 1), key('a', STRING, u64(1e6)), data(8)], 'a string of 1000000 bytes'],
    [
      'a string of 2^60 bytes',
      [head(0, 1), u64(2n ** 60n), data(8)],
      'the length of a string is 1152921504606846976',
    ],
    [
      'an array of 2^60',
      [head(0, 1), key('a', ARRAY, u32(0), u64(2n ** 60n))],
      'the number of values of an array is',
    ],
    [
      'an array of 2^40',
      [head(0, 1), key('a', ARRAY, u32(0), u64(2 ** 40))],
      'names 1099511627776 values of an array',
    ],
    ['a value of no type', [head(0, 1), key('a', u32(13), data(8))], 'of the unknown type 13'],
    ['an array of no type', [head(0, 1), key('a', ARRAY, u32(99), u64(1))], 'of the unknown type 99'],
    [
      'a key twice',
      [head(0, 2), key('a', STRING, string('')), key('a', STRING, string(''))],
      'has the key "a" twice',
    ],
    ['five dimensions', [head(1, 0), tensor('x', [1, 1, 1, 1, 1]), data(8)], 'has 5 dimensions'],
    [
      'four billion dimensions',
      [head(1, 0), string('x'), u32(2 ** 32 - 1), data(8)],
      'has 4294967295 dimensions',
    ],
    [
      'a shape whose product overflows',
      [head(1, 0), tensor('x', [2 ** 40, 2 ** 40]), data(8)],
      'more values than any file',
    ],
    [
      'a dimension of 2^63',
      [head(1, 0), tensor('x', [2n ** 63n]), data(8)],
      'a dimension of tensor "x" is 9223372036854775808',
    ],
    ['a tensor past the end', [head(1, 0), tensor('x', [100]), data(8)], 'it is truncated'],
    [
      'an offset past the end',
      [head(1, 0), tensor('x', [1], { offset: 2 ** 40 }), data(8)],
      'it is truncated',
    ],
    [
      'an offset of 2^64 - 1',
      [head(1, 0), tensor('x', [1], { offset: 2n ** 64n - 1n })],
      'the offset of tensor "x" is',
    ],
    [
      'an unaligned offset',
      [head(1, 0), tensor('x', [1], { offset: 4 }), data(8)],
      'no multiple of the alignment 32',
    ],
    [
      'a name twice',
      [head(2, 0), tensor('x', [1]), tensor('x', [1], { offset: 32 }), data(99)],
      'has the tensor "x" twice',
    ],
    [
      'one place for two',
      [head(2, 0), tensor('x', [1]), tensor('y', [1]), data(99)],
      'tensors "x" and "y" overlap',
    ],
    [
      'an overlap',
      [head(2, 0), tensor('x', [9]), tensor('y', [1], { offset: 32 }), data(99)],
      'tensors "x" and "y" overlap',
    ],
    ['alignment 0', [head(0, 1), key('general.alignment', u32(4), u32(0))], 'general.alignment is "0"'],
    ['alignment 3', [head(0, 1), key('general.alignment', u32(4), u32(3))], 'must be a power of two'],
    ['alignment 2^63', [head(0, 1), key('general.alignment', U64, u64(2n ** 63n))], 'must be a power of two'],
    ['alignment 0.5', [head(0, 1), key('general.alignment', u32(6), f32(0.5))], 'must be a power of two'],
    ['another version', [Buffer.from('GGUF'), u32(1), data(64)], 'its version is 1; supported: 2, 3'],
    ['big-endian', [Buffer.from('GGUF'), Buffer.of(0, 0, 0, 3), data(64)], 'big-endian'],
    [
      'a name of many lines',
      [head(1, 0), tensor('\n'.repeat(1e5), [9]), data(8)],
      /tensor "(\\u000a)+… \(100000 characters\)" ends/,
    ],
  ])('%s', (_, parts, message) => refused(written(...parts), message));

  test('arrays in arrays in arrays', () => {
    const nested = Array.from({ length: 1000 }, () => Buffer.concat([ARRAY, u64(1)]));
    return refused(
      written(head(0, 1), key('a', ARRAY, ...nested, u32(0), u64(0))),
      'nested more than 4 deep',
    );
  });

  test('metadata of five million empty strings, in little memory', async () => {
    const before = process.memoryUsage().rss;
    await refused(
      written(head(0, 1), key('a', ARRAY, u32(8), u64(5e6)), Buffer.alloc(4e7)),
      'a header of more than',
    );
    expect(process.memoryUsage().rss - before).toBeLessThan(5e8);
  });

  test('one and a half million empty arrays, three times, in little memory', async () => {
    // Type and length of an empty array of bytes are 12 zeros.
    const many = Buffer.alloc(1.5e6 * 12);
    const three = ['a', 'b', 'c'].map((name) => key(name, ARRAY, u32(9), u64(1.5e6), many));
    await refused(written(head(0, 3), ...three), 'a header of more than 4194304 values');
  });
});

describe('metadata that does not fit the tensors is refused in one line', () => {
  const from = (change: GgufInput['metadata']) => {
    const path = join(folder(), 'x.gguf');
    writeGguf(path, { ...tinyGguf, metadata: { ...tinyGguf.metadata, ...change } });
    return path;
  };
  test.each<[string, GgufInput['metadata'], string | RegExp]>([
    ['a billion layers', { 'llama.block_count': 1e9 }, 'block_count is 1000000000, more than its'],
    ['no heads', { 'llama.attention.head_count': 0 }, 'num_attention_heads'],
    ['a width of 4 billion', { 'llama.embedding_length': 2 ** 32 - 1 }, 'hidden_size'],
    ['an end token outside the vocabulary', { 'tokenizer.ggml.eos_token_id': 1e9 }, 'outside the vocabulary'],
    ['an architecture that every object has', { 'general.architecture': '__proto__' }, 'is not supported'],
    ['a list for a number', { 'llama.block_count': [1, 2] }, 'num_hidden_layers'],
  ])('%s', async (_, change, message) => {
    const path = from(change);
    const loading = readModelConfig(path).then((config) => loadWeights(path, config));
    await expect(loading).rejects.toThrow(InputError);
    await expect(loading).rejects.toThrow(message);
  });

  test('a split model of a billion parts', async () => {
    await refused(from({ 'split.count': 1e9 }), 'is part 1 of 1000000000 of a split model');
  });
});
