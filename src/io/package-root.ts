import { existsSync } from 'node:fs';

/**
 * The folder with anneal's package.json, as a URL that ends in `/`: src and dist/src lie at different depths below it.
 */
export const packageRoot: URL = find(new URL('.', import.meta.url));

function find(folder: URL): URL {
  if (existsSync(new URL('package.json', folder))) return folder;
  const parent = new URL('..', folder);
  if (parent.href === folder.href) throw new Error(`no package.json above ${import.meta.url}`);
  return find(parent);
}
