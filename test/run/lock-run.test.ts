import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { InputError } from '../../src/errors.ts';
import { lockRun } from '../../src/run/folder/lock-run.ts';
import { runFile } from '../cli/processes.ts';
import { temporaryFolder } from '../pipeline/run.ts';

const lockOf = (out: string) => join(out, 'run.lock');

/** A folder with a lock as another process would have left it. */
async function lockedBy(change: Record<string, unknown>): Promise<string> {
  const out = await temporaryFolder();
  const lock = await lockRun(out);
  const content = JSON.parse(readFileSync(lockOf(out), 'utf8'));
  await lock.release();
  writeFileSync(lockOf(out), JSON.stringify({ ...content, ...change }));
  return out;
}

/** The id of a process that has ended. */
async function deadPid(): Promise<number> {
  const { lines } = await runFile(['--eval', 'console.log(process.pid)']);
  return Number(lines[0]);
}

describe('a run folder', () => {
  test('is locked for all others until it is released', async () => {
    const out = await temporaryFolder();
    const lock = await lockRun(out);
    expect(lock.notes).toEqual([]);
    expect(JSON.parse(readFileSync(lockOf(out), 'utf8'))).toMatchObject({
      pid: process.pid,
      host: hostname(),
    });
    await expect(lockRun(out)).rejects.toThrow(InputError);
    await expect(lockRun(out)).rejects.toThrow(
      /is in use: this process has been writing there since 20\d\d-.*; wait until it has ended, or stop it$/,
    );
    await lock.release();
    await lock.release();
    expect(readdirSync(out)).toEqual([]);
    await (await lockRun(out)).release();
  });

  test('is locked against another process, free when that ends, and taken over when it was killed', async () => {
    const out = await temporaryFolder();
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      let refused: Promise<string> | undefined;
      const holder = await runFile(['test/run/lock-holder.ts', out], (_, { send }) => {
        refused = lockRun(out).then(
          () => 'locked twice',
          (error: Error) => error.message,
        );
        refused.then(() => send(signal));
      });
      expect(holder.lines).toEqual(['locked']);
      expect(await refused).toMatch(/is in use: process \d+ has been writing there since/);
      expect(existsSync(lockOf(out))).toBe(signal === 'SIGKILL');
    }
    const lock = await lockRun(out);
    expect(lock.notes).toEqual([
      expect.stringMatching(
        /^took over .*run\.lock of process \d+, which has ended without letting go of it/,
      ),
    ]);
    await lock.release();
  });

  test('whose process has ended is taken over, by one of all that try', async () => {
    const pid = await deadPid();
    for (let round = 0; round < 20; round++) {
      const out = await lockedBy({ pid });
      const tries = await Promise.allSettled(Array.from({ length: 6 }, () => lockRun(out)));
      expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      expect(readdirSync(out)).toEqual(['run.lock']);
    }
  });

  test.skipIf(process.platform === 'win32')(
    'whose process has the number of a later one is taken over',
    async () => {
      const out = await lockedBy({ pid: process.ppid, started: 'another time' });
      expect((await lockRun(out)).notes).toHaveLength(1);
      const unknown = await lockedBy({ pid: process.ppid, started: null });
      await expect(lockRun(unknown)).rejects.toThrow(/is in use/);
    },
  );

  test('that another host locked is refused, naming the file to remove', async () => {
    const out = await lockedBy({ host: 'elsewhere', pid: 1 });
    await expect(lockRun(out)).rejects.toThrow(`is in use by process 1 on host elsewhere since `);
    await expect(lockRun(out)).rejects.toThrow(`; if that has ended, remove ${lockOf(out)}`);
  });

  test('with a lock that can’t be read is refused, naming the file to remove', async () => {
    const out = await temporaryFolder();
    writeFileSync(lockOf(out), '{"pid": ');
    await expect(lockRun(out)).rejects.toThrow(`${lockOf(out)} can't be read; if no process writes`);
  });

  test('that was copied while it was locked is free', async () => {
    const [out, copy] = [await temporaryFolder(), join(await temporaryFolder(), 'copy')];
    const lock = await lockRun(out);
    cpSync(out, copy, { recursive: true });
    await (await lockRun(copy)).release();
    await lock.release();
  });

  test('that is not there is bad input', async () => {
    await expect(lockRun(join(await temporaryFolder(), 'none'))).rejects.toThrow(InputError);
    const odd = await temporaryFolder();
    mkdirSync(lockOf(odd));
    await expect(lockRun(odd)).rejects.toThrow(InputError);
  });
});
