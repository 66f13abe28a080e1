import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { InputError } from '../errors.ts';
import type { Split } from '../types.ts';
import { isDataFile } from './rows.ts';

/** Where a split's rows are. */
export interface SplitFiles {
  readonly files: readonly string[];
  /** The same rows serve both splits: each row's split has to be told from the row. */
  readonly shared: boolean;
}

/** How files of a split are named, best first: train-00000-of-00002.parquet, validation.jsonl. */
const names: Readonly<Record<Split, readonly string[]>> = {
  train: ['train'],
  test: ['test', 'validation', 'valid', 'dev', 'eval'],
};

/**
 * Finds a split's files at a path. A single data file serves both splits. Of several files in a folder, the names
 * decide.
 * @param given the path as a recipe's file names it, where that is another.
 * @throws InputError when the path does not exist or the folder has no file for the split.
 */
export function splitFiles(path: string, split: Split, given = path): SplitFiles {
  const from = given === path ? '' : `: the recipe's "${given}" is taken from the folder of its file`;
  if (!existsSync(path)) throw new InputError(`${path} does not exist${from}`);
  if (!statSync(path).isDirectory()) return { files: [path], shared: true };
  const all = readdirSync(path).filter(isDataFile).sort().filter(isNoCopy);
  if (all.length === 1) return { files: [join(path, all[0]!)], shared: true };
  for (const name of names[split]) {
    const files = all.filter((file) => new RegExp(`^${name}\\b`, 'i').test(file.replace('_', ' ')));
    if (files.length > 0) return { files: files.map((file) => join(path, file)), shared: false };
  }
  throw new InputError(
    `folder ${path} has no ${names[split].join(', ')} file ending in .jsonl, .csv or .parquet; it has ${all.join(', ') || 'no data file'}`,
  );
}

/** A file that lies beside its packed copy is read once. */
const isNoCopy = (file: string, _: number, all: readonly string[]): boolean =>
  !(file.endsWith('.gz') && all.includes(file.slice(0, -'.gz'.length)));
