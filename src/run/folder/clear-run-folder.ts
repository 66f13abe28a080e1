import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { removeTemporaries } from '../../io/temporaries.ts';

/**
 * Removes what a crash has left half-written in a run folder, and in the folders in it. Call it with the folder locked.
 */
export async function clearRunFolder(out: string): Promise<void> {
  await removeTemporaries(out);
  const entries = await readdir(out, { withFileTypes: true }).catch(() => []);
  for (const entry of entries) if (entry.isDirectory()) await removeTemporaries(join(out, entry.name));
}
