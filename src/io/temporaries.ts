import { createHash, randomBytes } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { isRunning } from './process-identity.ts';

/** Tells hosts that share a drive apart. */
const HOST = createHash('sha256').update(hostname()).digest('hex').slice(0, 8);

/**
 * A name beside `path` for what is to become it: it tells whose it is, so that what a crash leaves can be cleared away.
 */
export function temporaryBeside(path: string, ending = ''): string {
  const own = `${HOST}-${process.pid}-${randomBytes(4).toString('hex')}`;
  return join(dirname(path), `.${basename(path)}.${own}${ending}.tmp`);
}

/** Removes what writes of `path` left behind whose process, of this host, has ended. */
export async function removeDeadTemporaries(path: string): Promise<void> {
  const [folder, start] = [dirname(path), `.${basename(path)}.${HOST}-`];
  for (const name of await readdir(folder).catch(() => [])) {
    const pid = name.startsWith(start) && /^(\d+)-\w+(?:\.old)?\.tmp$/.exec(name.slice(start.length))?.[1];
    if (!pid || (await isRunning({ pid: Number(pid), started: null }))) continue;
    await rm(join(folder, name), { recursive: true, force: true });
  }
}

/** Whether a name is of something that was being written. */
export const isTemporary = (name: string): boolean => /^\..+\.tmp$/.test(name);

/** Removes every temporary of a folder: for who knows that nobody else writes there. */
export async function removeTemporaries(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    if (isTemporary(name)) await rm(join(folder, name), { recursive: true, force: true });
  }
}
