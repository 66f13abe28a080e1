import { AsyncLocalStorage } from 'node:async_hooks';
import { existsSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';

/** The folder of the recipe's file whose code runs. */
const recipeFolder = new AsyncLocalStorage<string>();

/** Runs code of a recipe's file: relative paths that it names are taken from the file's folder, where there is one. */
export const pathsFrom = <T>(folder: string | undefined, run: () => T): T =>
  folder === undefined ? run() : recipeFolder.run(folder, run);

/** A path as a recipe's file names it, absolute; a path that a program or a command line names stays as it is. */
export function givenPath(path: string): string {
  const folder = recipeFolder.getStore();
  return folder === undefined || isAbsolute(path) ? path : join(folder, path);
}

/**
 * `givenPath` of a model, where there is one; else its name may be that of a bundled model, or a path from the working
 * folder.
 */
export function givenModel(model: string): string {
  const path = givenPath(model);
  return existsSync(path) ? path : model;
}
