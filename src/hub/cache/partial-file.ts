import { createHash, randomBytes } from 'node:crypto';
import { readdir, rename, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { isRunning } from '../../io/process-identity.ts';

// A file that is being downloaded lies beside what it becomes, under a name of its own: two processes that download the
// same file never write into one. The name tells whose it is, so that the next one goes on with what a process that has
// ended left. (Python's huggingface_hub names its own <digest>.<8 hex digits>.incomplete, and leaves others alone.)

/** Tells hosts that share a drive apart. */
const HOST = createHash('sha256').update(hostname()).digest('hex').slice(0, 8);
/** In place of the process: nobody's, to be gone on with. */
const FREE = '0';

const nameFor = (blob: string, process: string): string =>
  `${blob}.${HOST}-${process}-${randomBytes(4).toString('hex')}.incomplete`;

interface Partial {
  readonly path: string;
  /** The process that writes to it; 0 is none. */
  readonly pid: number;
}

/** The files that processes of this host have begun for a blob. */
async function partials(blob: string): Promise<Partial[]> {
  const start = `${basename(blob)}.${HOST}-`;
  const names = await readdir(dirname(blob)).catch(() => []);
  return names.flatMap((name) => {
    const pid =
      name.startsWith(start) && /^(\d+)-[0-9a-f]{8}\.incomplete$/.exec(name.slice(start.length))?.[1];
    return pid ? [{ path: join(dirname(blob), name), pid: Number(pid) }] : [];
  });
}

/** Milliseconds without a write after which a file is no process's any more: its number was given again. */
const FORGOTTEN = 3_600_000;

/** The files for a blob that no process writes to any more, the longest first. */
async function leftovers(blob: string): Promise<string[]> {
  const left: { readonly path: string; readonly size: number }[] = [];
  for (const { path, pid } of await partials(blob)) {
    const writing = pid !== 0 && (await isRunning({ pid, started: null }));
    if (!writing || (await idleTime(path)) > FORGOTTEN) left.push({ path, size: await sizeOf(path) });
  }
  return left.sort((a, b) => b.size - a.size).map(({ path }) => path);
}

/** A file for this process alone to download a blob into: the longest that was left unfinished, else a new name. */
export async function takePartial(blob: string): Promise<string> {
  const own = nameFor(blob, String(process.pid));
  for (const path of await leftovers(blob)) {
    // Whoever renames it first has it.
    const taken = await rename(path, own).then(
      () => true,
      () => false,
    );
    if (taken) return own;
  }
  return own;
}

/** Removes what other downloads of a blob have left, once it is here. */
export async function removeLeftovers(blob: string): Promise<void> {
  for (const path of await leftovers(blob)) await rm(path, { force: true }).catch(() => {});
}

/** Leaves an unfinished file for the next download to go on with. */
export async function leavePartial(path: string, blob: string): Promise<void> {
  await rename(path, nameFor(blob, FREE)).catch(() => {});
}

/**
 * The process that is downloading a blob now: one that still runs and has written within `idle` milliseconds; undefined
 * when there is none.
 */
export async function downloader(blob: string, idle: number): Promise<number | undefined> {
  for (const { path, pid } of await partials(blob)) {
    if (pid === 0 || !(await isRunning({ pid, started: null }))) continue;
    if ((await idleTime(path)) < idle) return pid;
  }
  return undefined;
}

/** Milliseconds since a file was written; clocks of a drive and its host may differ either way. */
const idleTime = (path: string): Promise<number> =>
  stat(path).then(
    ({ mtimeMs }) => Math.abs(Date.now() - mtimeMs),
    () => Number.POSITIVE_INFINITY,
  );

/** Bytes of a file; 0 when there is none. */
export const sizeOf = (path: string): Promise<number> =>
  stat(path).then(
    ({ size }) => size,
    () => 0,
  );
