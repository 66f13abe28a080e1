import { rmSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { temporaryFolders } from '../io/temporary-folder.ts';
import { nearFolder, SECRET } from './arbitraries.ts';
import { expectInside, load, loadOrRefuse } from './load.ts';
import { goodFiles, header, safetensors, shardedFiles, writeFiles } from './model-folder.ts';

const cases = Number(process.env.HOSTILE_CASES ?? 300);

const opened: string[] = vi.hoisted(() => []);
vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof import('node:fs/promises')>();
  const noted =
    <A extends [unknown, ...unknown[]], R>(read: (...args: A) => R) =>
    (...args: A) => {
      opened.push(String(args[0]));
      return read(...args);
    };
  return { ...real, open: noted(real.open), readFile: noted(real.readFile), readdir: noted(real.readdir) };
});

const folder = temporaryFolders();

test.each([
  ['one file', goodFiles],
  ['shards', shardedFiles],
])('the folder that is changed below loads: %s', async (_, files) => {
  const path = join(folder(), 'model');
  writeFiles(path, files);
  expect(await loadOrRefuse(path, load)).toBeUndefined();
  expect(opened.length).toBeGreaterThan(4);
});

test(`${cases} folders with a hostile file load, or are refused in one line, and nothing outside is read`, async () => {
  const base = folder();
  writeFiles(base, { [SECRET]: safetensors(header) });
  let [refused, number] = [0, 0];
  await fc.assert(
    fc.asyncProperty(nearFolder, async ({ files }) => {
      const path = join(base, `model${number++}`);
      opened.length = 0;
      writeFiles(path, files);
      if ((await loadOrRefuse(path, load)) !== undefined) refused++;
      expectInside(path, opened);
      rmSync(path, { recursive: true });
    }),
    { numRuns: cases, ...(process.env.HOSTILE_SEED && { seed: Number(process.env.HOSTILE_SEED) }) },
  );
  expect(refused).toBeGreaterThan(cases / 3);
}, 3_600_000);
