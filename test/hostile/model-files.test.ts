import { rmSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { temporaryFolders } from '../io/temporary-folder.ts';
import { type ChangedFolder, nearAdapter, nearFolder, SECRET } from './arbitraries.ts';
import { expectInside, load, loadAdapter, loadOrRefuse } from './load.ts';
import { adapterFiles, goodFiles, header, safetensors, shardedFiles, writeFiles } from './model-folder.ts';

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
// The tokenizers' library warns of patterns that it doesn't know.
vi.spyOn(console, 'warn').mockImplementation(() => {});

test.each([
  ['one file', goodFiles],
  ['shards', shardedFiles],
])('the folder that is changed below loads: %s', async (_, files) => {
  const path = join(folder(), 'model');
  writeFiles(path, files);
  expect(await loadOrRefuse(path, load)).toBeUndefined();
  expect(opened.length).toBeGreaterThan(4);
});

test('and so does the adapter', async () => {
  const root = folder();
  writeFiles(join(root, 'base'), goodFiles);
  writeFiles(join(root, 'adapter'), adapterFiles);
  expect(await loadOrRefuse(join(root, 'adapter'), loadAdapter)).toBeUndefined();
});

test.each<[string, fc.Arbitrary<ChangedFolder>, (path: string) => Promise<void>, number]>([
  ['models', nearFolder, load, cases],
  ['adapters', nearAdapter, loadAdapter, Math.ceil(cases / 5)],
])(
  '%s with a hostile file load, or are refused in one line, and nothing outside is read',
  async (_, near, load, cases) => {
    const root = folder();
    const base = join(root, 'base');
    writeFiles(root, { [SECRET]: safetensors(header) });
    writeFiles(base, goodFiles);
    let [refused, number] = [0, 0];
    await fc.assert(
      fc.asyncProperty(near, async ({ files }) => {
        const path = join(root, `case${number++}`);
        opened.length = 0;
        writeFiles(path, files);
        if ((await loadOrRefuse(path, load)) !== undefined) refused++;
        expectInside([path, base], opened);
        rmSync(path, { recursive: true });
      }),
      { numRuns: cases, ...(process.env.HOSTILE_SEED && { seed: Number(process.env.HOSTILE_SEED) }) },
    );
    expect(refused).toBeGreaterThan(cases / 3);
  },
  3_600_000,
);
