import { readdir, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import type { RepoFile } from '../base/repo-file.ts';

/** The files of a snapshot that are here, where the list of all is not; none where there is no such snapshot. */
export async function localFiles(folder: string): Promise<RepoFile[]> {
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  const files: RepoFile[] = [];
  for (const name of names.sort()) {
    const found = await stat(join(folder, name)).catch(() => undefined);
    if (found?.isFile()) files.push({ path: name.replaceAll(sep, '/'), size: found.size, digest: '' });
  }
  return files;
}
