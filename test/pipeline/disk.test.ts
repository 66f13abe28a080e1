import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { RunError } from '../../src/errors.ts';
import { latestCheckpoint } from '../../src/run/checkpoint/list-checkpoints.ts';
import { banditRecipe } from './bandit.ts';
import { runBandit, temporaryFolder } from './run.ts';

/** Real file systems that fill up or turn read-only; making one needs the right to mount. */

const mounted: string[] = [];

function mount(options: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'anneal-disk-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder], { stdio: 'pipe' });
  mounted.push(folder);
  return folder;
}

function unmount(folder: string): void {
  execFileSync('umount', [folder]);
  rmdirSync(folder);
}

function remount(folder: string, options: string): void {
  execFileSync('mount', ['-o', `remount,${options}`, folder], { stdio: 'pipe' });
}

afterEach(() => {
  for (const folder of mounted.splice(0)) unmount(folder);
});

function canMount(): boolean {
  try {
    unmount(mount('size=64k'));
    mounted.pop();
    return true;
  } catch {
    return false;
  }
}

const recipe = () => banditRecipe({ steps: 30, sampling: { groupSize: 16, promptsPerStep: 8 } });

async function expectNothingHalfWritten(out: string): Promise<void> {
  for (const file of ['metrics.jsonl', 'rollouts.jsonl', 'evals.jsonl']) {
    const text = readFileSync(join(out, file), 'utf8');
    expect(text.endsWith('\n')).toBe(true);
    for (const line of text.trimEnd().split('\n')) JSON.parse(line);
  }
  const names = readdirSync(join(out, 'checkpoints'));
  for (const name of names) {
    expect(name).toMatch(/^step-\d+$/);
    expect((await latestCheckpoint(join(out, 'checkpoints')))!.step).toBeGreaterThan(0);
  }
}

/** Runs until something fails, repairs it, resumes, and compares with a run that never failed. */
async function failAndMend(disk: string, trouble: { at?: () => void; says: RegExp; mend: () => void }) {
  const out = join(disk, 'run');
  const error = await runBandit(
    recipe(),
    { out },
    {
      onEvent: (event) => {
        if (event.type === 'step' && event.metrics.step === 10) trouble.at?.();
      },
    },
  ).then(
    () => undefined,
    (e: Error) => e,
  );
  expect(error).toBeInstanceOf(RunError);
  expect(error!.message).toMatch(trouble.says);
  const last = await latestCheckpoint(join(out, 'checkpoints'));
  expect(error!.message).toContain(`the last good checkpoint is ${last!.path}`);
  await expectNothingHalfWritten(out);
  trouble.mend();
  const resumed = await runBandit(recipe(), { out, resume: true });
  const whole = await runBandit(recipe(), { out: join(await temporaryFolder(), 'run') });
  expect(resumed.bandit.state()).toEqual(whole.bandit.state());
}

describe.skipIf(!canMount())('a disk (skipped where mounting is not allowed)', () => {
  test('that fills up ends the run; with room again it goes on to the same end', async () => {
    const disk = mount('size=400k');
    await failAndMend(disk, { says: /ENOSPC/, mend: () => remount(disk, 'size=8m') });
  });

  test('that turns read-only ends the run; writable again it goes on to the same end', async () => {
    const disk = mount('size=8m');
    await failAndMend(disk, {
      at: () => remount(disk, 'ro'),
      says: /EROFS/,
      mend: () => remount(disk, 'rw'),
    });
  });
});
