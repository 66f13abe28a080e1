import { expect, test } from 'vitest';
import { allocatedFor, KvCache } from '../../../src/model/cache/kv-cache.ts';

const dimensions = { layers: 2, kvHeads: 3, headDim: 4 };
/** Bytes of a token in both arrays of each layer. */
const TOKEN = 4 * 2 * 2 * 3 * 4;

const buffers = (cache: KvCache) => cache.tensors().map(({ data }) => data.buffer);
const allocated = (cache: KvCache) => buffers(cache).reduce((sum, { byteLength }) => sum + byteLength, 0);

/** A row's own numbers: its tokens are numbered from `mark` on. */
function fill(cache: KvCache, row: number, mark: number, length: number): void {
  const { layers, kvHeads, headDim } = dimensions;
  const arrays = Array.from({ length: 2 * layers }, () =>
    Float32Array.from({ length: kvHeads * length * headDim }, (_, i) => mark + i),
  );
  cache.write(row, { length, arrays }, length);
}

const firstOf = (cache: KvCache, row: number) => cache.read(row).arrays[0]![0];

test('a long row that follows many short ones takes the memory of a long row', () => {
  const cache = new KvCache(dimensions);
  for (let i = 0; i < 231; i++) fill(cache, cache.add(1, 20), 1000 * i, 20);
  expect(allocated(cache)).toBeGreaterThanOrEqual(231 * 32 * TOKEN);
  while (cache.rows > 101) cache.remove(cache.rows - 1);
  // Before a half has left, a row that grows is given its own room alone, too.
  cache.add(1, 2000);
  expect(allocated(cache)).toBe(102 * allocatedFor(2000) * TOKEN);
  expect(cache.bytes).toBe(allocated(cache));
  for (let row = 0; row < 101; row++) expect(firstOf(cache, row)).toBe(1000 * row);
});

test('room that rows leave is given back, in few copies', () => {
  const cache = new KvCache(dimensions);
  for (let i = 0; i < 200; i++) fill(cache, cache.add(1, 20), 1000 * i, 20);
  const seen = new Set(buffers(cache));
  const before = seen.size;
  while (cache.rows > 1) {
    cache.remove(cache.rows - 1);
    for (const buffer of buffers(cache)) seen.add(buffer);
    expect(allocated(cache)).toBeLessThanOrEqual(2 * cache.rows * cache.capacity * TOKEN);
    expect(cache.bytes).toBe(allocated(cache));
  }
  expect((seen.size - before) / 4).toBeLessThanOrEqual(Math.log2(200));
  expect(firstOf(cache, 0)).toBe(0);
  // Nor is a row that comes and goes at each step a copy each time.
  cache.add(1, 1);
  const [kept] = buffers(cache);
  for (let i = 0; i < 10; i++) {
    cache.remove(1);
    cache.add(1, 1);
  }
  expect(buffers(cache)[0]).toBe(kept);
});

test('no more room is made than is allowed, but for the rows themselves', () => {
  const cache = new KvCache(dimensions);
  cache.add(100, 20);
  cache.add(1, 20, 110);
  expect(allocated(cache)).toBe(110 * 32 * TOKEN);
  cache.add(20, 20, 50);
  expect(allocated(cache)).toBe(121 * 32 * TOKEN);
  cache.remove(0);
  cache.trim();
  expect(allocated(cache)).toBe(120 * 32 * TOKEN);
});
