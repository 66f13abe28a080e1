import { expect, test } from 'vitest';
import { RopeTables } from '../../src/model/rope-tables.ts';

const config = { ropes: [{ theta: 10000, dim: 4, scaling: { type: 'default' } as const }] };
const rowsOf = (tables: ReturnType<RopeTables['upTo']>) => Object.values(tables).map(({ shape }) => shape[0]);

test('tables are as long as the longest text so far needs, and no longer than the model reads', () => {
  const tables = new RopeTables({ ...config, maxPositionEmbeddings: 40_000 });
  expect(rowsOf(tables.upTo(17))).toEqual([16_384, 16_384]);
  expect(tables.upTo(16_384)).toBe(tables.upTo(1));
  expect(rowsOf(tables.upTo(16_385))).toEqual([32_768, 32_768]);
  expect(rowsOf(tables.upTo(99_000))).toEqual([40_000, 40_000]);
  expect(rowsOf(tables.upTo(3))).toEqual([40_000, 40_000]);
});

test('a model that could read millions of tokens costs no more than its texts', () => {
  const tables = new RopeTables({ ...config, maxPositionEmbeddings: 2 ** 24 });
  expect(rowsOf(tables.upTo(100))).toEqual([16_384, 16_384]);
});

test('longer tables begin with the shorter ones', () => {
  const tables = new RopeTables({ ...config, maxPositionEmbeddings: 2 ** 15 });
  const [short] = Object.values(tables.upTo(1));
  const [long] = Object.values(tables.upTo(20_000));
  expect(long!.data.subarray(0, short!.data.length)).toEqual(short!.data);
});
