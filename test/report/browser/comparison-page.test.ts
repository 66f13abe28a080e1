import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import type { ExperimentResults } from '../../../src/report/experiment-results.ts';
import { writeExperimentReport, writeReportOf } from '../../../src/report/write/write-report.ts';
import { banditRecipe } from '../../pipeline/bandit.ts';
import { runBandit, temporaryFolder } from '../../pipeline/run.ts';
import { madeUpAblation, madeUpComparison } from '../made-up-experiment.ts';
import { noBrowser, scrollThrough, useBrowser } from './chromium.ts';

/** A folder with results, and with real (if tiny) runs where they say. */
async function experimentFolder(results: ExperimentResults, withRuns: boolean): Promise<string> {
  const folder = join(await temporaryFolder(), 'experiment');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'results.json'), JSON.stringify(results));
  const runs = results.tasks.flatMap((task) => task.variants.flatMap((variant) => variant.runs));
  if (withRuns) {
    for (const run of runs) {
      await runBandit(banditRecipe({ steps: 12, seed: run.seed }), { out: join(folder, run.folder) });
    }
  }
  await writeExperimentReport(folder);
  return folder;
}

describe.skipIf(noBrowser)('the page of a comparison', () => {
  const open = useBrowser();
  let comparison: string;
  const urlOf = (folder: string) => pathToFileURL(join(folder, 'report.html')).href;

  beforeAll(async () => {
    comparison = await experimentFolder(madeUpComparison(), true);
  });

  test('has the table, the differences with their verdicts, and the gap closure', async () => {
    const { page, errors, requests } = await open(urlOf(comparison));
    await scrollThrough(page);
    const row = (name: string) =>
      page.getByRole('table', { name: /^Test accuracy/ }).getByRole('row', { name });
    expect((await row('afa-lora').innerText()).split('\t').slice(0, 5)).toEqual([
      'afa-lora',
      'method=afa-lora, lr=0.003',
      '81.7 %',
      '77.9 % to 85.5 %',
      '3',
    ]);
    const differences = page.getByRole('table', { name: /^Paired differences/ });
    expect(await differences.getByRole('row', { name: 'afa-lora − lora' }).innerText()).toMatch(
      /\+2\.7.*−0\.4 to \+5\.7.*noise/s,
    );
    expect(await differences.getByRole('row', { name: 'full − lora' }).innerText()).toContain('better');
    expect(await page.locator('.finding').innerText()).toContain(
      '33.3 %, 95 % interval (Fieller) −5 % to 70 %',
    );
    expect({ errors, requests }).toEqual({ errors: [], requests: [] });
  });

  test('tells of the splits, the edge of a grid, the same start, and the cost', async () => {
    const { page } = await open(urlOf(comparison));
    const text = await page.locator('main').innerText();
    expect(text).toContain('150 optimiser steps on 7,800 training tasks');
    expect(text).toContain('200 validation tasks');
    expect(text).toContain('full: best at the lowest optimizer.lr tried: widen the grid');
    expect(await page.getByRole('row', { name: 'lora and afa-lora' }).innerText()).toContain('0, equal bits');
    const cost = page.getByRole('table', { name: /^Cost/ });
    expect((await cost.getByRole('row', { name: 'full' }).innerText()).split('\t')).toEqual([
      'full',
      '806,656',
      '297,527',
      '1 min 22 s',
      '515 MB',
      '–',
      '1.5e-5',
      '3 of 3 verified',
    ]);
  });

  test('charts the sweep of each variant, and the runs as groups of seeds', async () => {
    const { page } = await open(urlOf(comparison));
    const chart = (title: string) =>
      page.locator('.chart', { has: page.getByRole('heading', { name: title, exact: true }) });
    const sweep = chart('Validation accuracy over optimizer.lr');
    await sweep.getByRole('slider').focus();
    await page.keyboard.press('Home');
    expect(await sweep.getByRole('slider').getAttribute('aria-valuetext')).toBe(
      'lr 0.0003: lora 70 %; afa-lora 71 %; full 87 %',
    );
    expect(
      (await chart('Reward').locator('.legend li').allInnerTexts())
        .slice(0, 3)
        .map((text) => text.split(/\s/)[0]),
    ).toEqual(['lora', 'afa-lora', 'full']);
    expect(await page.locator('#multiples ~ .charts .chart').count()).toBe(3);
    await page.getByLabel(/^metric/).selectOption('reward');
    await page.locator('#multiples').scrollIntoViewIfNeeded();
    await page.locator('#multiples ~ .charts canvas').nth(2).waitFor();
    expect(await page.locator('#multiples ~ .charts canvas').count()).toBe(3);
  });

  test('shows an ablation whose runs are gone, and what it lacks', async () => {
    const folder = await experimentFolder(madeUpAblation(), false);
    const { page, errors } = await open(urlOf(folder), { viewport: { width: 380, height: 800 } });
    await scrollThrough(page);
    const text = await page.locator('main').innerText();
    expect(text).toContain('6 of its 6 run folders are missing');
    expect(text).toContain('fraction=1, seed 3 (fraction-1-seed-3): not yet run');
    expect(text).toContain('fraction=0.6, seed 3 (fraction-0.6-seed-3): its config differs from the plan');
    expect(
      await page.getByRole('heading', { name: 'Test accuracy over adapter.schedule.fraction' }).count(),
    ).toBe(1);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(380);
    expect(errors).toEqual([]);
  });

  test('says why a gap closure is not defined', async () => {
    const results = madeUpComparison();
    const why = 'full does not beat LoRA by more than noise';
    const task = { ...results.tasks[0]!, gapClosure: { value: null, interval: null, why } };
    const folder = await experimentFolder({ ...results, tasks: [task] }, false);
    const { page } = await open(urlOf(folder));
    expect(await page.locator('.finding').innerText()).toContain(`not defined: ${why}`);
  });

  test('opens in less than 2 s with 10 runs of 10,000 steps', async () => {
    const folder = await temporaryFolder();
    const runs = Array.from({ length: 10 }, (_, i) => join(folder, `run-${i}`));
    await runBandit(banditRecipe({ steps: 2 }), { out: runs[0]! });
    const config = JSON.parse(readFileSync(join(runs[0]!, 'config.json'), 'utf8'));
    const names = [
      'reward',
      'loss',
      'grad_norm',
      'entropy',
      'kl',
      'completions/mean_length',
      'learning_rate',
      'step_time',
    ];
    for (const [seed, run] of runs.entries()) {
      mkdirSync(run, { recursive: true });
      writeFileSync(
        join(run, 'config.json'),
        JSON.stringify({ ...config, recipe: { ...config.recipe, seed, steps: 10_000 } }),
      );
      const line = (step: number) =>
        JSON.stringify({
          step,
          beta: Math.max(0, 1 - step / 3000),
          ...Object.fromEntries(names.map((name, i) => [name, Math.sin(step * (i + seed + 1))])),
        });
      writeFileSync(
        join(run, 'metrics.jsonl'),
        Array.from({ length: 10_000 }, (_, step) => `${line(step)}\n`).join(''),
      );
      writeFileSync(join(run, 'rollouts.jsonl'), '');
    }
    const file = join(folder, 'all.html');
    await writeReportOf(runs, file);
    const { page, errors } = await open(pathToFileURL(file).href);
    // What opening costs the page's thread: on a machine with nothing else to do, the time that it takes.
    const seconds = async () => {
      const session = await page.context().newCDPSession(page);
      await session.send('Performance.enable', { timeDomain: 'threadTicks' });
      await page.reload();
      await page.locator('.chart canvas').first().waitFor();
      const { metrics } = await session.send('Performance.getMetrics');
      return metrics.find(({ name }) => name === 'TaskDuration')!.value;
    };
    const milliseconds = 1000 * (await seconds());
    console.log(`10 runs of 10,000 steps: ${milliseconds.toFixed(0)} ms until the first charts`);
    expect(milliseconds).toBeLessThan(2000);
    expect(errors).toEqual([]);
  });
});
