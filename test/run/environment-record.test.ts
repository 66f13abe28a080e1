import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { InputError } from '../../src/errors.ts';
import { environmentChanges, recordEnvironment } from '../../src/run/folder/environment-record.ts';
import type { Environment } from '../../src/types.ts';
import { sevens } from '../pipeline/bandit.ts';
import { temporaryFolder } from '../pipeline/run.ts';

const record = (parts: Pick<Environment, 'options' | 'files'>) =>
  recordEnvironment({ ...sevens(), ...parts });

/** A folder with two data files and another. */
async function dataFolder(train = 'one\n'): Promise<string> {
  const folder = join(await temporaryFolder(), 'data');
  mkdirSync(folder);
  writeFileSync(join(folder, 'train.jsonl'), train);
  writeFileSync(join(folder, 'test.jsonl'), 'two\n');
  writeFileSync(join(folder, 'README.md'), String(Math.random()));
  return folder;
}

/** What a person is told of the difference between two environments. */
async function changes(
  before: Pick<Environment, 'options' | 'files'>,
  now: Pick<Environment, 'options' | 'files'>,
): Promise<string[]> {
  return environmentChanges(await record(before), await record(now));
}

describe('data', () => {
  test('that has moved is the same, in an option too', async () => {
    const from = await dataFolder();
    const before = await record({ options: { path: from, also: [from], shots: 2 }, files: [from] });
    const to = `${from}-moved`;
    renameSync(from, to);
    const now = await record({ options: { path: to, also: [to], shots: 2 }, files: [to] });
    expect(now).toEqual(before);
    expect(before.files.map(({ name }) => name)).toEqual(['test.jsonl', 'train.jsonl']);
    expect(environmentChanges(before, now)).toEqual([]);
  });

  test('that has changed is told by name', async () => {
    const before = { files: [await dataFolder()] };
    expect(await changes(before, { files: [await dataFolder('one\nand more\n')] })).toEqual([
      'data train.jsonl (4 bytes then, 13 now)',
    ]);
    expect(await changes(before, { files: [await dataFolder('uno\n')] })).toEqual([
      'data train.jsonl (of the same size, but another content)',
    ]);
    expect(await changes(before, { files: [join(before.files[0]!, 'train.jsonl')] })).toEqual([
      'data (2 files then, 1 file now)',
    ]);
  });

  test('of any size is known by its size, its beginning and its end', async () => {
    const file = join(await temporaryFolder(), 'large.csv');
    const bytes = Buffer.alloc(5 * 2 ** 20, 'row\n');
    const written = async (position: number) => {
      const changed = Buffer.from(bytes);
      changed[position]! ^= 1;
      writeFileSync(file, changed);
      return record({ files: [file] });
    };
    writeFileSync(file, bytes);
    const before = await record({ files: [file] });
    for (const position of [0, 2 ** 20 - 1, 4 * 2 ** 20, 5 * 2 ** 20 - 1])
      expect(environmentChanges(before, await written(position)), String(position)).toHaveLength(1);
    writeFileSync(file, bytes.subarray(0, 2 ** 20 + 5));
    expect((await record({ files: [file] })).files[0]!.bytes).toBe(2 ** 20 + 5);
  });

  test('that is not there is bad input', async () => {
    await expect(record({ files: ['/nowhere/train.jsonl'] })).rejects.toThrow(InputError);
    await expect(record({ files: ['/nowhere/train.jsonl'] })).rejects.toThrow(/data \/nowhere\/train\.jsonl/);
  });
});

test('options that differ are told with both values; an environment that tells none has none to compare', async () => {
  const before = { options: { shots: 2, columns: { a: 'b' }, seed: 1 } };
  expect(await changes(before, { options: { shots: 3, columns: { a: 'b' }, name: 'x' } })).toEqual([
    'env.shots (2 then, 3 now)',
    'env.seed (1 then, none now)',
    'env.name (none then, "x" now)',
  ]);
  expect(await changes(before, {})).toEqual([]);
});
