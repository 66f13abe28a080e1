import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { promisify } from 'node:util';

/** A process, told from a later one that got the same number. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly host: string;
  /** When it started, in the words of its system; null where the system does not tell. */
  readonly started: string | null;
}

/** The process that this code runs in. */
export async function thisProcess(): Promise<ProcessIdentity> {
  return { pid: process.pid, host: hostname(), started: (await look(process.pid)).started };
}

/** Whether a process of this host still runs: a number is given again, and only the start time tells the two apart. */
export async function isRunning({ pid, started }: Omit<ProcessIdentity, 'host'>): Promise<boolean> {
  if (!exists(pid)) return false;
  const now = await look(pid);
  return !now.ended && (started === null || now.started === null || now.started === started);
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it is another user's.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** What the system tells of a process. */
interface Look {
  readonly started: string | null;
  /** It has ended, and its parent has not asked how. */
  readonly ended: boolean;
}

async function look(pid: number): Promise<Look> {
  try {
    if (process.platform === 'linux') return await lookInProc(pid);
    if (process.platform === 'win32') return { started: null, ended: false };
    const env = { ...process.env, LC_ALL: 'C' };
    const { stdout } = await promisify(execFile)('ps', ['-o', 'lstart=', '-p', String(pid)], { env });
    return { started: stdout.trim() || null, ended: false };
  } catch {
    return { started: null, ended: false };
  }
}

/** Linux tells the start in clock ticks since it was booted. */
async function lookInProc(pid: number): Promise<Look> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  // The name before may hold spaces and brackets.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const boot = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
  return { started: `${fields[19]} after boot ${boot}`, ended: fields[0] === 'Z' || fields[0] === 'X' };
}
