import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { packageRoot } from '../../io/package-root.ts';

/** Models that come with the package, by name. */
const bundled = ['tiny'];

/**
 * Where a model named in a recipe lies: 'tiny' is the embedded one, unless a folder of that name is here; all else is a
 * path.
 */
export function modelPath(model: string): string {
  if (!bundled.includes(model) || existsSync(model)) return model;
  return fileURLToPath(new URL(`models/${model}`, packageRoot));
}
