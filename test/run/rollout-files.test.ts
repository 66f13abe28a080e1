import { appendFileSync, copyFileSync, cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { rolloutsCommand } from '../../src/cli/rollouts.ts';
import { readAllRecords } from '../../src/io/jsonl-file.ts';
import { sampleRollouts } from '../../src/report/read/sample-rollouts.ts';
import { rewindRollouts, rolloutFiles } from '../../src/run/folder/rollout-files.ts';
import { banditRecipe } from '../pipeline/bandit.ts';
import { runBandit, temporaryFolder } from '../pipeline/run.ts';

/** 12 steps of 8 completions, some 2 kB a step. */
const recipeOf = (packMB: number, sampling = {}) =>
  banditRecipe({ rollouts: { packMB }, sampling: { groupSize: 4, promptsPerStep: 2, ...sampling } });

const packed = (out: string) => readdirSync(out).filter((name) => name.startsWith('rollouts-'));

async function recordsIn(out: string): Promise<unknown[]> {
  const records: unknown[] = [];
  for (const { path } of await rolloutFiles(join(out, 'rollouts.jsonl')))
    records.push(...(await readAllRecords(path)));
  return records;
}

async function printed(out: string, ...args: string[]): Promise<string[]> {
  const lines: string[] = [];
  const io = { out: (line: string) => lines.push(line), err: () => {}, tty: false };
  await rolloutsCommand(io as never).parseAsync([out, '--json', ...args], { from: 'user' });
  return lines;
}

describe('completions that are packed', () => {
  test('are the same as in one file, to every reader', async () => {
    const folder = await temporaryFolder();
    const [whole, out] = [join(folder, 'whole'), join(folder, 'packed')];
    await runBandit(recipeOf(0), { out: whole });
    await runBandit(recipeOf(0.005), { out });
    expect(packed(whole)).toEqual([]);
    expect(packed(out).length).toBeGreaterThan(2);
    expect(packed(out)[0]).toMatch(/^rollouts-000000-00000\d\.jsonl\.gz$/);
    const expected = await readAllRecords(join(whole, 'rollouts.jsonl'));
    expect(await recordsIn(out)).toEqual(expected);
    expect(await printed(out)).toEqual(await printed(whole));
    expect(await printed(out, '--step', '3-4', '--limit', '9')).toEqual(
      await printed(whole, '--step', '3-4', '--limit', '9'),
    );
    const sampled = (at: string) => sampleRollouts(join(at, 'rollouts.jsonl'), 1e6, () => {});
    expect(await sampled(out)).toEqual(await sampled(whole));
    // The newest step is never packed: the dashboard reads it there.
    expect(readFileSync(join(out, 'rollouts.jsonl'), 'utf8')).toContain('"step":11');
  });

  test('are those of the run that was not killed, wherever it was', async () => {
    const folder = await temporaryFolder();
    const whole = join(folder, 'whole');
    let copies = 0;
    const recipe = () => recipeOf(0.005, { maxOffPolicySteps: 1 });
    await runBandit(
      recipe(),
      { out: whole },
      {
        onEvent: (event) => {
          if (event.type !== 'step') return;
          const copy = join(folder, `killed-${copies++}`);
          cpSync(whole, copy, { recursive: true });
          appendFileSync(join(copy, 'rollouts.jsonl'), '{"step":');
        },
      },
    );
    for (let i = 0; i < copies; i++) {
      const out = join(folder, `killed-${i}`);
      await runBandit(recipe(), { out, resume: true });
      expect(packed(out)).toEqual(packed(whole));
      for (const name of [...packed(out)])
        expect(gunzipSync(readFileSync(join(out, name)))).toEqual(
          gunzipSync(readFileSync(join(whole, name))),
        );
      expect(await recordsIn(out)).toEqual(await recordsIn(whole));
    }
  });

  test('are told once when a crash left them in both files, and cut off within a pack', async () => {
    const folder = await temporaryFolder();
    const path = join(folder, 'rollouts.jsonl');
    const line = (step: number) => `{"step":${step}}\n`;
    const steps = async () => ((await recordsIn(folder)) as { step: number }[]).map(({ step }) => step);
    writeFileSync(join(folder, 'rollouts-000000-000001.jsonl.gz'), gzipSync(line(0) + line(1)));
    writeFileSync(path, line(2) + line(2) + line(3) + line(4));
    writeFileSync(join(folder, 'rollouts-000002-000004.jsonl.gz'), gzipSync(readFileSync(path)));
    copyFileSync(path, join(folder, 'other.jsonl'));
    expect(await steps()).toEqual([0, 1, 2, 2, 3, 4]);
    await rewindRollouts(path, 9);
    expect(await steps()).toEqual([0, 1, 2, 2, 3, 4]);
    await rewindRollouts(path, 4);
    expect(await steps()).toEqual([0, 1, 2, 2, 3]);
    expect(readFileSync(path, 'utf8')).toBe(line(2) + line(2) + line(3));
    await rewindRollouts(path, 2);
    expect(await steps()).toEqual([0, 1]);
    await rewindRollouts(path, 1);
    expect(await steps()).toEqual([0]);
    await rewindRollouts(path, 0);
    expect(await steps()).toEqual([]);
    expect(packed(folder)).toEqual([]);
  });
});

test('completions that no reward scored are shown as such', async () => {
  const out = join(await temporaryFolder(), 'run');
  const nothing = ({ completions }: { readonly completions: readonly string[] }) =>
    completions.map(() => null);
  const held = ({ completions }: { readonly completions: readonly string[] }) => completions.map(() => 1);
  const mostly = ({
    tasks,
    completions,
  }: {
    readonly tasks: readonly { id: string }[];
    readonly completions: readonly string[];
  }) => (tasks[0]!.id.startsWith('train') ? nothing : held)({ completions });
  await runBandit(banditRecipe({ steps: 2, rewards: [{ reward: mostly }] }), { out });
  const lines: string[] = [];
  const io = { out: (text: string) => lines.push(text), err: () => {}, tty: false };
  await rolloutsCommand(io as never).parseAsync([out], { from: 'user' });
  expect(lines).toHaveLength(16);
  expect(lines[0]).toMatch(/reward null \(mostly null\) {2}advantage (0|null) {2}β 1/);
  const sample = await sampleRollouts(join(out, 'rollouts.jsonl'), 1e6, (note) => expect(note).toBe(''));
  expect(sample.rollouts[0]).toMatchObject({ reward: null, rewards: { mostly: null } });
});
