import { expect, test } from 'vitest';
import { RopeTables } from '../../src/model/rope-tables.ts';

const config = { ropes: [{ theta: 10000, dim: 4, scaling: { type: 'default' } as const }] };
const rowsOf = (tables: ReturnType<RopeTables['upTo']>) => Object.values(tables).map(({ shape }) => shape[0]);

test('tables are as long as the longest text so far needs, and no longer than the model reads', () => {
  const tables = new RopeTables({ ...config, maxPositionEmbeddings: 10_000 });
  expect(rowsOf(tables.upTo(17))).toEqual([4096, 4096]);
  expect(tables.upTo(4096)).toBe(tables.upTo(1));
  expect(rowsOf(tables.upTo(4097))).toEqual([8192, 8192]);
  expect(rowsOf(tables.upTo(20_000))).toEqual([10_000, 10_000]);
  expect(rowsOf(tables.upTo(3))).toEqual([10_000, 10_000]);
});

test('a model that could read millions of tokens costs no more than its texts', () => {
  const tables = new RopeTables({ ...config, maxPositionEmbeddings: 2 ** 24 });
  expect(rowsOf(tables.upTo(100))).toEqual([4096, 4096]);
});

test('longer tables begin with the shorter ones', () => {
  const tables = new RopeTables({ ...config, maxPositionEmbeddings: 2 ** 14 });
  const [short] = Object.values(tables.upTo(1));
  const [long] = Object.values(tables.upTo(5000));
  expect(long!.data.subarray(0, short!.data.length)).toEqual(short!.data);
});
