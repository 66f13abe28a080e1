import { existsSync } from 'node:fs';
import { hubIdOf, localPath } from '../src/hub/local-path.ts';
import { givenPath } from '../src/io/given-path.ts';
import { type SplitFiles, splitFiles } from '../src/io/split-files.ts';
import type { Split } from '../src/types.ts';

/**
 * Where data lies, as an option names it, in words that hold wherever tasks are read: a path, from the folder of a
 * recipe's file; or a data set on the hub, unless there is such a path.
 */
export function dataPath(given: string): string {
  const path = givenPath(given);
  return existsSync(path) || hubIdOf(given) === undefined ? path : given;
}

/**
 * The files of a split, once they are read. What is here is looked for at once; a data set on the hub
 * (`owner/name[@revision][:folder]`) is downloaded when its first task is read.
 * @param given the path as a recipe's file names it.
 * @throws InputError as `splitFiles`.
 */
export function taskFiles(path: string, split: Split, given = path): () => Promise<SplitFiles> {
  if (hubIdOf(path) !== undefined) return async () => splitFiles(await localPath(path, 'data'), split);
  const files = splitFiles(path, split, given);
  return async () => files;
}
