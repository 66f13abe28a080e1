import { clearRunFolder } from '../../run/folder/clear-run-folder.ts';
import { lockRun } from '../../run/folder/lock-run.ts';
import type { Io } from '../terminal/io.ts';

/** Does something that writes into a run folder, while no other process does. */
export async function insideRun<T>(folder: string, io: Io, write: () => Promise<T>): Promise<T> {
  const lock = await lockRun(folder);
  try {
    for (const note of lock.notes) io.err(`warning: ${note}`);
    await clearRunFolder(folder);
    return await write();
  } finally {
    await lock.release();
  }
}
