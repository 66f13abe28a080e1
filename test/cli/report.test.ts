import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { banditRecipe } from '../pipeline/bandit.ts';
import { runBandit, temporaryFolder } from '../pipeline/run.ts';
import { modelFolder } from '../policy/model-folder.ts';
import { madeUpComparison } from '../report/made-up-experiment.ts';
import { anneal, recipeFile } from './command-line.ts';

vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

describe('anneal report', () => {
  let folder: string;
  let runs: string[];

  beforeAll(async () => {
    folder = await temporaryFolder();
    runs = ['a', 'b'].map((name) => join(folder, name));
    for (const [i, out] of runs.entries()) await runBandit(banditRecipe({ steps: 4, seed: i }), { out });
  });

  test('writes the page of one folder there, and of several where it is told', async () => {
    expect(await anneal(['report', runs[0]!])).toMatchObject({
      code: 0,
      out: [join(runs[0]!, 'report.html')],
      err: [],
    });
    const both = join(folder, 'both.html');
    expect(await anneal(['report', ...runs, '--out', both])).toMatchObject({ code: 0, out: [both], err: [] });
    for (const run of runs) expect(readFileSync(both, 'utf8')).toContain(JSON.stringify(run));
    expect(await anneal(['report', ...runs])).toMatchObject({
      code: 2,
      err: ['error: a page about 2 folders needs a name: add --out report.html'],
    });
  });

  test('of a comparison shows its results', async () => {
    const compared = join(await temporaryFolder(), 'compared');
    await runBandit(banditRecipe({ steps: 4 }), { out: join(compared, 'jobs/lora-seed-1') });
    writeFileSync(join(compared, 'results.json'), JSON.stringify(madeUpComparison()));
    const { code, err } = await anneal(['report', compared]);
    expect({ code, err }).toEqual({
      code: 0,
      err: [expect.stringContaining(`left out: ${compared}: 8 of its 9 run folders are missing`)],
    });
    expect(readFileSync(join(compared, 'report.html'), 'utf8')).toContain('"gapClosure":{"value":0.333');
  });

  test('names what it leaves out, and refuses what holds nothing', async () => {
    const empty = await temporaryFolder();
    const page = join(folder, 'page.html');
    expect(await anneal(['report', runs[0]!, empty, '--out', page])).toMatchObject({
      code: 0,
      err: [`left out: ${empty} holds neither a run (config.json) nor a comparison (results.json)`],
    });
    expect(await anneal(['report', empty])).toMatchObject({
      code: 2,
      err: [`error: ${empty} holds neither a run (config.json) nor a comparison (results.json)`],
    });
    expect(existsSync(join(empty, 'report.html'))).toBe(false);
  });
});

describe('anneal run --dashboard', () => {
  test('refuses a port that is none, or in use, before any work', async () => {
    const folder = await temporaryFolder();
    const run = (port: string) =>
      anneal(['run', 'arithmetic', '--out', join(folder, 'run'), '--dashboard', port]);
    for (const port of ['x', '70000', '-1']) {
      expect(await run(port)).toMatchObject({
        code: 2,
        err: [`error: --dashboard takes a port from 0 to 65535 (got "${port}")`],
      });
    }
    const taken = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => taken.once('listening', resolve));
    const { port } = taken.address() as AddressInfo;
    expect(await run(String(port))).toMatchObject({
      code: 2,
      err: [`error: port ${port} is in use: name another with --dashboard PORT, or 0 for any free one`],
    });
    taken.close();
    expect(existsSync(join(folder, 'run'))).toBe(false);
  });

  test('serves the run from its first step to its verification, and ends with it', async () => {
    const folder = await temporaryFolder();
    let events: Promise<string> | undefined;
    let url = '';
    const { code } = await anneal(
      ['run', recipeFile(folder, modelFolder()), '--out', join(folder, 'run'), '--dashboard', '0'],
      {
        onLine: (line) => {
          if (!line.startsWith('dashboard: ')) return;
          url = line.slice('dashboard: '.length);
          events = fetch(`${url}events`).then((answer) => answer.text());
        },
      },
    );
    expect(code).toBe(0);
    const told = await events!;
    expect(told.match(/^event: \w+$/gm)!.filter((line) => line === 'event: step')).toHaveLength(6);
    expect(told.trimEnd().split('\n\n').at(-1)).toContain('event: end');
    const last = told.split('\n').findLast((line) => line.startsWith('data: {'))!;
    expect(JSON.parse(last.slice(6)).verification).toMatchObject({ ok: true, step: 6 });
    await expect(fetch(url)).rejects.toThrow();
  });
});
