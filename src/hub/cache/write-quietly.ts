import { mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { writeFileAtomic } from '../../io/atomic-write.ts';

/**
 * Writes a file that only saves a later question: where it says so already, or the cache can't be written, nothing
 * happens.
 */
export async function writeQuietly(path: string, text: string): Promise<void> {
  if ((await readFile(path, 'utf8').catch(() => undefined)) === text) return;
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFileAtomic(path, text);
  } catch {
    // The files that matter say so themselves when they can't be written.
  }
}
