import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { isRunning } from './process-identity.ts';

/** Tells hosts that share a drive apart. */
const HOST = createHash('sha256').update(hostname()).digest('hex').slice(0, 8);
/** Tells this process from an earlier one of the same number, as a container's processes are. */
const OWN = randomBytes(4).toString('hex');
let count = 0;

/**
 * A name beside `path` for what is to become it: it tells whose it is, so that what a crash leaves can be cleared away.
 */
export function temporaryBeside(path: string, ending = ''): string {
  const own = `${HOST}-${process.pid}-${OWN}${(count++).toString(36)}`;
  return join(dirname(path), `.${basename(path)}.${own}${ending}.tmp`);
}

/** Removes what writes of `path` left behind whose process, of this host, has ended. */
export async function removeDeadTemporaries(path: string): Promise<void> {
  const start = `.${basename(path)}.`;
  for (const name of await readdir(dirname(path)).catch(() => [])) {
    const writer = name.startsWith(start) ? writerOf(name) : undefined;
    if (writer?.host !== HOST || (await isAlive(writer))) continue;
    await rm(join(dirname(path), name), { recursive: true, force: true });
  }
}

/** Whether a name is of something that was being written. */
export const isTemporary = (name: string): boolean => /^\..+\.tmp$/.test(name);

/**
 * Removes the temporaries of a folder, but for those of processes of this host that still run: for who knows that no
 * other host writes there.
 */
export async function removeTemporaries(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    if (!isTemporary(name)) continue;
    const writer = writerOf(name);
    if (writer?.host === HOST && (await isAlive(writer))) continue;
    await rm(join(folder, name), { recursive: true, force: true });
  }
}

/**
 * Gives `use` a folder of its own among the system's temporary files, which is gone afterwards; so are those that
 * killed processes have left.
 */
export async function inTemporaryFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const start = `anneal-${HOST}-`;
  for (const name of await readdir(tmpdir()).catch(() => [])) {
    const pid = name.startsWith(start) && /^(\d+)-/.exec(name.slice(start.length))?.[1];
    if (pid && !(await isRunning({ pid: Number(pid), started: null })))
      await rm(join(tmpdir(), name), { recursive: true, force: true }).catch(() => {});
  }
  const folder = await mkdtemp(join(tmpdir(), `${start}${process.pid}-`));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Who is writing something; undefined for a name that does not tell. */
function writerOf(name: string) {
  const [, host, pid, mark] = /\.([0-9a-f]{8})-(\d+)-(\w+)(?:\.old)?\.tmp$/.exec(name) ?? [];
  return mark === undefined ? undefined : { host, pid: Number(pid), mark };
}

/** Whether a process of this host still writes. Another one of this process's number has ended. */
async function isAlive({ pid, mark }: { readonly pid: number; readonly mark: string }): Promise<boolean> {
  if (pid === process.pid) return mark.startsWith(OWN);
  return isRunning({ pid, started: null });
}
