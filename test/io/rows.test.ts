import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { InputError } from '../../src/errors.ts';
import { readRows } from '../../src/io/rows.ts';
import { splitFiles } from '../../src/io/split-files.ts';

async function valuesOf(
  path: string,
  most = Number.POSITIVE_INFINITY,
): Promise<Readonly<Record<string, unknown>>[]> {
  const values: Readonly<Record<string, unknown>>[] = [];
  for await (const row of readRows(path)) {
    values.push(row.values);
    if (values.length === most) break;
  }
  return values;
}

describe('rows of data files', () => {
  let folder: string;
  const at = (name: string) => join(folder, name);
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'rows-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));
  const write = (name: string, content: string | Buffer) => {
    writeFileSync(at(name), content);
    return at(name);
  };
  const people = [
    { name: 'Zoë, of "Old" Town', note: 'two\nlines', n: '1' },
    { name: 'Bo', note: '', n: '22' },
  ];
  const csv = 'name,note,n\r\n"Zoë, of ""Old"" Town","two\nlines",1\r\nBo,,22\r\n';

  test('JSON lines: empty lines, a last line without its end, a byte order mark, gzip', async () => {
    const text = `\ufeff{"a": 1}\n\n{"a": "é"}\r\n{"a": [1]}`;
    const rows = [{ a: 1 }, { a: 'é' }, { a: [1] }];
    expect(await valuesOf(write('x.jsonl', text))).toEqual(rows);
    expect(await valuesOf(write('x.ndjson', text))).toEqual(rows);
    expect(await valuesOf(write('x.jsonl.gz', gzipSync(text)))).toEqual(rows);
  });

  test('CSV: quotes, commas and line ends inside values; gzip', async () => {
    expect(await valuesOf(write('x.csv', csv))).toEqual(people);
    expect(await valuesOf(write('x.csv.gz', gzipSync(csv)))).toEqual(people);
  });

  test('reading may stop early', async () => {
    const long = Array.from({ length: 50_000 }, (_, i) => JSON.stringify({ i })).join('\n');
    expect(await valuesOf(write('long.jsonl', long), 3)).toEqual([{ i: 0 }, { i: 1 }, { i: 2 }]);
    expect(await valuesOf(write('long.jsonl.gz', gzipSync(long)), 2)).toEqual([{ i: 0 }, { i: 1 }]);
  });

  test('what is wrong is said with the file and line', async () => {
    await expect(valuesOf(write('bad.jsonl', '{"a": 1}\n[1]'))).rejects.toThrow(
      /bad\.jsonl:2: a row must be a JSON object/,
    );
    await expect(valuesOf(write('bad.csv', 'a,b\n1,2\n1,2,3\n'))).rejects.toThrow(/bad\.csv: .*line 3/);
    await expect(
      valuesOf(write('cut.jsonl.gz', gzipSync('{"a": 1}\n'.repeat(100)).subarray(0, 30))),
    ).rejects.toThrow(InputError);
    await expect(valuesOf(write('no.jsonl.gz', 'plain text'))).rejects.toThrow(
      /no\.jsonl\.gz: incorrect header/,
    );
    await expect(valuesOf(write('no.parquet', 'plain text that is no parquet'))).rejects.toThrow(
      /no\.parquet: /,
    );
    expect(() => readRows('x.txt')).toThrow(/x\.txt: a data file ends in \.jsonl/);
    expect(() => readRows(at('absent.jsonl'))).toThrow(/does not exist/);
  });

  test("a folder's files belong to splits by name, shards in order", () => {
    const shards = [
      'train-00001-of-00002.jsonl',
      'train-00000-of-00002.jsonl',
      'validation.jsonl',
      'README.md',
    ];
    const inner = mkdtempSync(join(folder, 'split-'));
    for (const name of shards) writeFileSync(join(inner, name), '');
    expect(splitFiles(inner, 'train')).toEqual({
      files: ['train-00000-of-00002.jsonl', 'train-00001-of-00002.jsonl'].map((name) => join(inner, name)),
      shared: false,
    });
    expect(splitFiles(inner, 'test')).toEqual({ files: [join(inner, 'validation.jsonl')], shared: false });
    writeFileSync(join(inner, 'test_0.parquet'), '');
    expect(splitFiles(inner, 'test').files).toEqual([join(inner, 'test_0.parquet')]);
    const empty = mkdtempSync(join(folder, 'empty-'));
    expect(() => splitFiles(empty, 'train')).toThrow(/no train file.*no data file/);
  });

  test('the only file of a folder is shared by both splits, whatever its name, and a packed copy counts once', () => {
    for (const name of ['train.jsonl', 'test.csv', 'data.parquet']) {
      const inner = mkdtempSync(join(folder, 'only-'));
      writeFileSync(join(inner, name), '');
      const expected = { files: [join(inner, name)], shared: true };
      expect([splitFiles(inner, 'train'), splitFiles(inner, 'test')]).toEqual([expected, expected]);
      if (!name.endsWith('.parquet')) {
        writeFileSync(join(inner, `${name}.gz`), '');
        expect(splitFiles(inner, 'train')).toEqual(expected);
      }
    }
  });

  test('integers that a number can’t hold come as text, to the digit', async () => {
    const text =
      '{"a": 12345678901234567890, "b": [-9007199254740993, 9007199254740991], "c": 0.12345678901234567890}';
    const string =
      '{"a": "is 12345678901234567890, \\"12345678901234567890\\"", "e": 12345678901234567890e2}';
    expect(await valuesOf(write('big.jsonl', `${text}\n${string}`))).toEqual([
      { a: '12345678901234567890', b: ['-9007199254740993', 9007199254740991], c: 0.12345678901234568 },
      { a: 'is 12345678901234567890, "12345678901234567890"', e: Number('12345678901234567890e2') },
    ]);
  });

  test('a CSV file that is damaged, or names two columns alike, is told by its name', async () => {
    await expect(valuesOf(write('no.csv.gz', 'plain text'))).rejects.toThrow(/no\.csv\.gz: incorrect header/);
    const cut = gzipSync(`a,b\n${'1,2\n'.repeat(50_000)}`).subarray(0, -20);
    await expect(valuesOf(write('cut.csv.gz', cut))).rejects.toThrow(/cut\.csv\.gz: unexpected end/);
    expect(await valuesOf(at('cut.csv.gz'), 1)).toEqual([{ a: '1', b: '2' }]);
    await expect(valuesOf(write('twice.csv', 'a,b,a\n1,2,3\n'))).rejects.toThrow(/two columns are named "a"/);
  });
});

const samples = process.env.DATA_DIR;
describe.skipIf(samples === undefined)(
  'recorded data files (DATA_DIR is not set: it names the folder with parquet/)',
  () => {
    const folder = join(samples ?? '', 'parquet');
    const expected = (name: string) =>
      readFileSync(join(folder, name), 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line));

    test.each(['gsm8k-200.snappy.parquet', 'gsm8k-200.plain.parquet', 'gsm8k-200.jsonl.gz'])(
      '%s',
      async (name) => {
        expect(await valuesOf(join(folder, name))).toEqual(expected('gsm8k-200.jsonl'));
      },
    );

    test.each(['types-50.snappy.parquet', 'types-50.zstd.parquet', 'types-50.gzip.v2.parquet'])(
      '%s',
      async (name) => {
        expect(await valuesOf(join(folder, name))).toEqual(expected('types-50.expected.jsonl'));
      },
    );
  },
);
