import { createHash } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { InputError } from '../../errors.ts';
import { openBinaryFile } from '../../io/binary-file.ts';
import { isDataFile } from '../../io/rows.ts';
import type { Environment } from '../../types.ts';

// What a run's tasks come from, told without the places where its files lie: data may move, but not change.

const fileSchema = z.object({
  name: z.string(),
  bytes: z.int().nonnegative(),
  /** Of the first and the last mebibyte. */
  sha256: z.string(),
});
type DataFile = z.output<typeof fileSchema>;

export const environmentSchema = z.object({
  /** null where the environment does not tell them. */
  options: z.record(z.string(), z.unknown()).nullable(),
  files: z.array(fileSchema),
});
/** An environment's options and the content of its data, as config.json holds them. */
export type EnvironmentRecord = z.output<typeof environmentSchema>;

/** What stands for the path of data in an option. */
const DATA = '<data>';
const PART = 2 ** 20;

/** Describes an environment. @throws InputError when a file that it names can't be read. */
export async function recordEnvironment({ options, files = [] }: Environment): Promise<EnvironmentRecord> {
  const paths = new Set(files.map((file) => resolve(file)));
  const plain = (_: string, value: unknown) =>
    typeof value === 'string' && paths.has(resolve(value)) ? DATA : value;
  const found: DataFile[] = [];
  for (const path of files) for (const file of await dataFiles(path)) found.push(await fingerprint(file));
  return {
    options: options === undefined ? null : JSON.parse(JSON.stringify(options, plain)),
    files: found,
  };
}

/** A folder stands for the data files in it. */
async function dataFiles(path: string): Promise<string[]> {
  try {
    if (!(await stat(path)).isDirectory()) return [path];
    const names = await readdir(path);
    return names
      .filter(isDataFile)
      .sort()
      .map((name) => join(path, name));
  } catch (error) {
    throw new InputError(`data ${path} can't be read: ${(error as Error).message}`);
  }
}

async function fingerprint(path: string): Promise<DataFile> {
  const file = await openBinaryFile(path);
  try {
    const { size: bytes } = file;
    const first = Math.min(PART, bytes);
    const last = Math.min(PART, bytes - first);
    const hash = createHash('sha256');
    hash.update(Buffer.from(await file.read(0, first)));
    hash.update(Buffer.from(await file.read(bytes - last, last)));
    return { name: basename(path), bytes, sha256: hash.digest('hex') };
  } finally {
    await file.close();
  }
}

/** In what an environment differs from what it was, in words; nothing when in nothing. */
export function environmentChanges(before: EnvironmentRecord, now: EnvironmentRecord): string[] {
  return [...optionChanges(before, now), ...fileChanges(before.files, now.files)];
}

function optionChanges(before: EnvironmentRecord, now: EnvironmentRecord): string[] {
  if (before.options === null || now.options === null) return [];
  const [then, today] = [before.options, now.options];
  const names = [...new Set([...Object.keys(then), ...Object.keys(today)])];
  return names
    .filter((name) => !isDeepStrictEqual(then[name], today[name]))
    .map((name) => `env.${name} (${show(then[name])} then, ${show(today[name])} now)`);
}

function fileChanges(before: readonly DataFile[], now: readonly DataFile[]): string[] {
  if (before.length !== now.length)
    return [`its data (${before.length} ${files(before)} then, ${now.length} ${files(now)} now)`];
  return now.flatMap((file, i) => {
    const { bytes, sha256 } = before[i]!;
    if (bytes !== file.bytes) return [`its data ${file.name} (${bytes} bytes then, ${file.bytes} now)`];
    return sha256 === file.sha256 ? [] : [`its data ${file.name} (of the same size, but another content)`];
  });
}

const files = (list: readonly unknown[]) => (list.length === 1 ? 'file' : 'files');
const show = (value: unknown) => JSON.stringify(value) ?? 'none';
