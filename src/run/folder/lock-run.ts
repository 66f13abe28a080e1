import { readFileSync, rmSync } from 'node:fs';
import { open, readFile, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { InputError } from '../../errors.ts';
import { writeFileAtomic } from '../../io/atomic-write.ts';
import { isRunning, thisProcess } from '../../io/process-identity.ts';
import { isMissing } from '../../io/read-json.ts';
import { runPaths } from './paths.ts';

// One process at a time writes to a run folder: it holds the folder's run.lock, created exclusively, which network
// drives grant as well.

const lockSchema = z.object({
  pid: z.int().positive(),
  host: z.string(),
  started: z.string().nullable(),
  /** When the lock was taken, for people. */
  since: z.string(),
  /** The folder by its number on its drive: a copy of a folder is not locked with it. */
  folder: z.string(),
});
type LockContent = z.output<typeof lockSchema>;

/** A folder that this process alone writes to. */
export interface RunLock {
  /** What a person should know: that a lock was taken over. */
  readonly notes: readonly string[];
  /** Lets others write. */
  release(): Promise<void>;
}

/** Times that a lock which is being written, or taken over, is looked at again, a tenth of a second apart. */
const TRIES = 10;

/**
 * Locks a run folder. Takes over the lock of a process that has ended. Removes its own lock when this process ends,
 * unless it is killed.
 * @throws InputError when another process holds it, perhaps on another host, or the folder can't be written.
 */
export async function lockRun(out: string): Promise<RunLock> {
  const { lock: path } = runPaths(out);
  const own = await contentFor(out);
  for (let tries = 0; tries < TRIES; tries++) {
    if (await create(path, own.text)) return held(path, own.text, []);
    const found = await readFile(path, 'utf8').catch(() => undefined);
    const other = parse(found);
    if (found !== undefined && other !== undefined) {
      const stale = leftBehind.has(found) ? 'which could not remove it' : await whyStale(other, own.content);
      if (stale === undefined) throw new InputError(inUse(out, other, own.content));
      if (await takeOver(path, found, own.text))
        return held(path, own.text, [`took over ${path} of process ${other.pid}, ${stale}`]);
    }
    await sleep(100);
  }
  throw new InputError(`${path} can't be read; if no process writes to ${out}, remove that file`);
}

async function contentFor(out: string): Promise<{ content: LockContent; text: string }> {
  try {
    const { ino } = await stat(out, { bigint: true });
    const content = { ...(await thisProcess()), since: new Date().toISOString(), folder: String(ino) };
    return { content, text: `${JSON.stringify(content)}\n` };
  } catch (error) {
    throw new InputError(`can't use ${out}: ${(error as Error).message}`);
  }
}

/** Whether there was no lock, and is one now. */
async function create(path: string, text: string): Promise<boolean> {
  let created = false;
  try {
    const file = await open(path, 'wx');
    created = true;
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    return true;
  } catch (error) {
    if (created) await rm(path, { force: true });
    else if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw new InputError(`can't lock the run folder: ${(error as Error).message}`);
  }
}

function parse(text: string | undefined): LockContent | undefined {
  try {
    return lockSchema.safeParse(JSON.parse(text ?? '')).data;
  } catch {
    return undefined;
  }
}

/** Why a lock holds no more; undefined when it does, or may. */
async function whyStale(lock: LockContent, own: LockContent): Promise<string | undefined> {
  if (lock.host !== own.host) return undefined;
  if (lock.folder !== own.folder) return 'which writes to the folder that this is a copy of';
  if (await isRunning(lock)) return undefined;
  return `which has ended without letting go of it (it began on ${lock.since})`;
}

function inUse(out: string, { pid, host, since }: LockContent, own: LockContent): string {
  if (host !== own.host) {
    return `${out} is in use by process ${pid} on host ${host} since ${since}; if that has ended, remove ${runPaths(out).lock}`;
  }
  const who = pid === own.pid ? 'this process' : `process ${pid}`;
  return `${out} is in use: ${who} has been writing there since ${since}; wait until it has ended, or stop it`;
}

/**
 * Puts an own lock in place of one that was found stale, unless another process has done so. Whoever takes over holds a
 * file of its own meanwhile, and there is a lock at every moment.
 */
async function takeOver(path: string, stale: string, text: string): Promise<boolean> {
  const turn = join(dirname(path), `.${basename(path)}.takeover.tmp`);
  if (!(await create(turn, text))) return false;
  try {
    if ((await readFile(path, 'utf8').catch(() => undefined)) !== stale) return false;
    await writeFileAtomic(path, text);
    return true;
  } finally {
    await rm(turn, { force: true });
  }
}

/** Locks of this process by path, and those that a disk has kept it from removing. */
const locks = new Map<string, string>();
const leftBehind = new Set<string>();

function held(path: string, text: string, notes: readonly string[]): RunLock {
  if (locks.size === 0) process.on('exit', releaseAll);
  locks.set(path, text);
  return {
    notes,
    async release() {
      if (!locks.delete(path)) return;
      if (locks.size === 0) process.off('exit', releaseAll);
      try {
        if ((await readFile(path, 'utf8')) === text) await rm(path);
      } catch (error) {
        // What went wrong with the disk has been told where it mattered.
        if (!isMissing(error)) leftBehind.add(text);
      }
    },
  };
}

/** At the end of the process nothing waits any more. */
function releaseAll(): void {
  for (const [path, text] of locks) {
    try {
      if (readFileSync(path, 'utf8') === text) rmSync(path, { force: true });
    } catch {
      // It is gone already, or can't be removed: the next process takes it over.
    }
  }
}
