import { copyFile, mkdir, rename, rm, stat, symlink } from 'node:fs/promises';
import { dirname, relative } from 'node:path';
import { temporaryBeside } from '../../io/temporaries.ts';

/**
 * Makes a file of a snapshot: a relative link to its blob, or a copy where the disk knows no links. It appears at once
 * or not at all.
 */
export async function linkBlob(blob: string, path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const temporary = temporaryBeside(path);
  try {
    await symlink(relative(dirname(path), blob), temporary).catch(() => copyFile(blob, temporary));
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Whether a file is there with so many bytes; a link to nothing is not. */
export const isWhole = (path: string, size: number): Promise<boolean> =>
  stat(path).then(
    (found) => found.isFile() && found.size === size,
    () => false,
  );
