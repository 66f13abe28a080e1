import { readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { AnnealError, InputError } from '../../errors.ts';
import { localPath } from '../../hub/local-path.ts';
import { isDataFile } from '../../io/rows.ts';
import type { Environment } from '../../types.ts';
import { type Fingerprint, fileChanges, fingerprintOf, fingerprintSchema } from './fingerprint.ts';

// What a run's tasks come from, told without the places where its files lie: data may move, but not change.

export const environmentSchema = z.object({
  /** null where the environment does not tell them. */
  options: z.record(z.string(), z.unknown()).nullable(),
  files: z.array(fingerprintSchema),
});
/** An environment's options and the content of its data, as config.json holds them. */
export type EnvironmentRecord = z.output<typeof environmentSchema>;

/** What stands for the path of data in an option. */
const DATA = '<data>';

/** Describes an environment. @throws InputError when a file that it names can't be read. */
export async function recordEnvironment({ options, files = [] }: Environment): Promise<EnvironmentRecord> {
  const paths = new Set(files.map((file) => resolve(file)));
  const plain = (_: string, value: unknown) =>
    typeof value === 'string' && paths.has(resolve(value)) ? DATA : value;
  const found: Fingerprint[] = [];
  for (const path of files) for (const file of await dataFiles(path)) found.push(await fingerprintOf(file));
  return {
    options: options === undefined ? null : JSON.parse(JSON.stringify(options, plain)),
    files: found,
  };
}

/** A folder stands for the data files in it; a data set on the hub for its files or folder in the cache. */
async function dataFiles(path: string): Promise<string[]> {
  try {
    const folder = await localPath(path, 'data');
    if (!(await stat(folder)).isDirectory()) return [folder];
    const names = await readdir(folder);
    return names
      .filter(isDataFile)
      .sort()
      .map((name) => join(folder, name));
  } catch (error) {
    if (error instanceof AnnealError) throw error;
    throw new InputError(`data ${path} can't be read: ${(error as Error).message}`);
  }
}

/** In what an environment differs from what it was, in words; nothing when in nothing. */
export function environmentChanges(before: EnvironmentRecord, now: EnvironmentRecord): string[] {
  return [...optionChanges(before, now), ...fileChanges('data', before.files, now.files)];
}

function optionChanges(before: EnvironmentRecord, now: EnvironmentRecord): string[] {
  if (before.options === null || now.options === null) return [];
  const [then, today] = [before.options, now.options];
  const names = [...new Set([...Object.keys(then), ...Object.keys(today)])];
  return names
    .filter((name) => !isDeepStrictEqual(then[name], today[name]))
    .map((name) => `env.${name} (${show(then[name])} then, ${show(today[name])} now)`);
}

const show = (value: unknown) => JSON.stringify(value) ?? 'none';
