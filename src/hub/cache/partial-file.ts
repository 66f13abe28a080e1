import { createHash, randomBytes } from 'node:crypto';
import { readdir, rename, stat } from 'node:fs/promises';
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

/** A file for this process alone to download a blob into: the longest that was left unfinished, else a new name. */
export async function takePartial(blob: string): Promise<string> {
  const own = nameFor(blob, String(process.pid));
  const left: { readonly path: string; readonly size: number }[] = [];
  for (const { path, pid } of await partials(blob)) {
    if (pid !== 0 && (await isRunning({ pid, started: null }))) continue;
    left.push({ path, size: await sizeOf(path) });
  }
  for (const { path } of left.sort((a, b) => b.size - a.size)) {
    // Whoever renames it first has it.
    const taken = await rename(path, own).then(
      () => true,
      () => false,
    );
    if (taken) return own;
  }
  return own;
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
    const written = await stat(path).then(
      ({ mtimeMs }) => mtimeMs,
      () => 0,
    );
    if (Date.now() - written < idle) return pid;
  }
  return undefined;
}

/** Bytes of a file; 0 when there is none. */
export const sizeOf = (path: string): Promise<number> =>
  stat(path).then(
    ({ size }) => size,
    () => 0,
  );
