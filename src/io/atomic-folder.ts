import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { removeDeadTemporaries, temporaryBeside } from './temporaries.ts';

/**
 * Writes a folder so that a crash at any moment leaves either none (or the old one), or all of it: a temporary folder
 * beside it → `fill` writes the files → fsync of each → rename → fsync of the parent. What was there is replaced, and
 * what a crash left of an earlier write is removed.
 * @throws what `fill` or the file system throws; the temporary folder is removed.
 */
export async function writeFolderAtomic(
  path: string,
  fill: (temporary: string) => Promise<void>,
): Promise<void> {
  const parent = dirname(path);
  const [temporary, replaced] = [temporaryBeside(path), temporaryBeside(path, '.old')];
  await removeDeadTemporaries(path);
  try {
    await mkdir(temporary, { recursive: true });
    await fill(temporary);
    await syncTree(temporary);
    await rename(path, replaced).catch(ignoreMissing);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true }).catch(() => {});
    throw error;
  }
  await rm(replaced, { recursive: true, force: true });
  await syncFolder(parent);
}

async function syncTree(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await syncTree(path);
    else await sync(path);
  }
  await syncFolder(folder);
}

/** Windows can't open a folder, and needs no sync of it. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform !== 'win32') await sync(folder);
}

async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}
