import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { startDashboard } from '../../../src/report/live/dashboard.ts';
import { banditRecipe } from '../../pipeline/bandit.ts';
import { runBandit, temporaryFolder } from '../../pipeline/run.ts';
import { madeUpComparison } from '../made-up-experiment.ts';
import { breakableProxy } from './breakable-proxy.ts';
import { noBrowser, useBrowser } from './chromium.ts';

describe.skipIf(noBrowser)('a page that follows', () => {
  const open = useBrowser();

  test('a run: it shows each step, fetches completions, and keeps all when the run has ended', async () => {
    const out = join(await temporaryFolder(), 'run');
    const dashboard = await startDashboard({ port: 0, title: 'followed' });
    const { page, errors, requests } = await open(dashboard.url);
    const running = runBandit(
      banditRecipe({ steps: 40 }),
      { out },
      { sampleTime: 100, onEvent: (event) => dashboard.run(event) },
    );
    const steps = page.locator('.tiles > div', { hasText: 'Steps' });
    await page.getByText('Following the run').waitFor();
    await steps.getByText(/^[1-9]\d? of 40/).waitFor();
    const first = Number.parseInt(await steps.locator('dd').innerText(), 10);
    await page.waitForTimeout(1500);
    expect(Number.parseInt(await steps.locator('dd').innerText(), 10)).toBeGreaterThan(first);
    await page.getByRole('button', { name: 'Fetch the newest completions' }).click();
    await page.locator('.card').first().waitFor();
    await running;
    await dashboard.close();
    await page.getByText('The run has ended').waitFor();
    expect(await steps.locator('dd').innerText()).toContain('40 of 40');
    const chart = page.locator('.chart', { has: page.getByRole('heading', { name: 'Reward', exact: true }) });
    expect(await chart.locator('.legend').innerText()).toContain('step 39');
    expect({ errors, requests }).toEqual({ errors: [], requests: [] });
  });

  test('a run, and gets what it missed when the connection comes back', async () => {
    const out = join(await temporaryFolder(), 'run');
    const dashboard = await startDashboard({ port: 0, title: 'followed' });
    const proxy = await breakableProxy(dashboard.url);
    const { page } = await open(proxy.url);
    await runBandit(banditRecipe({ steps: 6 }), { out }, { onEvent: (event) => dashboard.run(event) });
    const steps = page.locator('.tiles > div', { hasText: 'Steps' });
    await steps.getByText('6 of 6').waitFor();
    proxy.break();
    await page.getByText('Connection lost').waitFor();
    for (let step = 6; step < 9; step++)
      dashboard.run({ type: 'step', metrics: { step, beta: 0, reward: step } });
    await page.waitForTimeout(300);
    expect(await steps.locator('dd').innerText()).toContain('6 of 6');
    proxy.mend();
    await page.getByText('Following the run').waitFor();
    await steps.getByText('9 of 6').waitFor();
    await dashboard.close();
    proxy.close();
  });

  test('a comparison: its table fills', async () => {
    const dashboard = await startDashboard({ port: 0, title: 'compared', folder: 'runs/compared' });
    const { page, errors } = await open(dashboard.url);
    const whole = madeUpComparison();
    const [task] = whole.tasks;
    const begun = {
      ...task!,
      variants: task!.variants.map((v) => ({ ...v, runs: [], mean: null, overTasks: null })),
    };
    const missing = [{ job: 'lora-1', what: 'lora, seed 1', why: 'running' }];
    dashboard.results({ ...whole, tasks: [{ ...begun, differences: [], gapClosure: null }], missing });
    await page.getByText('lora, seed 1 (lora-1): running').waitFor();
    expect(await page.locator('tbody tr', { hasText: 'afa-lora' }).first().innerText()).toContain('–');
    dashboard.results(whole);
    await page.getByText('33.3 %, 95 % interval (Fieller) −5 % to 70 %').waitFor();
    expect(await page.getByText('running').count()).toBe(0);
    await dashboard.close();
    expect(errors).toEqual([]);
  });
});
