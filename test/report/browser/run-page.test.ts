import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { writeReport, writeReportOf } from '../../../src/report/write/write-report.ts';
import type { RewardBatch } from '../../../src/types.ts';
import { banditRecipe, right } from '../../pipeline/bandit.ts';
import { runBandit, temporaryFolder } from '../../pipeline/run.ts';
import { noBrowser, scrollThrough, useBrowser } from './chromium.ts';

describe.skipIf(noBrowser)('the page of a run, opened from its file', () => {
  const open = useBrowser();
  let out: string;
  let url: string;

  beforeAll(async () => {
    out = join(await temporaryFolder(), 'run');
    const logging = (batch: RewardBatch) => {
      batch.logMetric('my <metric>', batch.step ** 2);
      batch.logMetric('always', 7);
      return right(batch);
    };
    await runBandit(banditRecipe({ steps: 30, rewards: [{ reward: logging }] }), { out });
    const nasty = JSON.parse(readFileSync(join(out, 'rollouts.jsonl'), 'utf8').split('\n')[0]!);
    const completion =
      '</script><img src="http://evil.test/x" onerror="document.title=1"><script>alert(1)</script>';
    appendFileSync(join(out, 'rollouts.jsonl'), `${JSON.stringify({ ...nasty, step: 29, completion })}\n`);
    await writeReport(out);
    url = pathToFileURL(join(out, 'report.html')).href;
  });

  test('shows accuracy before and after with intervals, β at the end, and the steps taken', async () => {
    const { page } = await open(url);
    const tiles = await page.locator('.tiles > div').allInnerTexts();
    const shown = tiles.map((text) => text.split('\n').filter((line) => line !== ''));
    expect(shown.slice(0, 3)).toEqual([
      ['Accuracy before', '0 %', '0 % to 56.1 %'],
      ['Accuracy after', '100 %', '43.9 % to 100 %, 3 held-out tasks'],
      ['β at the end', '0', 'after step 30'],
    ]);
    expect(shown[3]!.slice(0, 2)).toEqual(['Steps', '30 of 30']);
  });

  test('draws a chart of every metric that changed, without an error or a request', async () => {
    const { page, errors, requests } = await open(url);
    await page.getByText('Every other metric that changed').click();
    await scrollThrough(page);
    const titles = await page.locator('.chart h3').allInnerTexts();
    expect(titles.slice(0, 3)).toEqual(['Held-out accuracy', 'Reward', 'β']);
    for (const title of ['Gradient norm', 'Completion length', 'my <metric>'])
      expect(titles).toContain(title);
    for (const title of ['always', 'step', 'reward']) expect(titles).not.toContain(title);
    expect(await page.locator('.chart canvas').count()).toBe(titles.length);
    expect({ errors, requests }).toEqual({ errors: [], requests: [] });
  });

  test('shows what models write as text: nothing of it runs', async () => {
    const { page, errors, requests } = await open(url);
    await page.getByRole('searchbox').fill('</SCRIPT>');
    await page.waitForTimeout(100);
    expect(await page.locator('.card').count()).toBe(1);
    expect(await page.locator('.card').innerText()).toContain('<img src="http://evil.test/x"');
    expect(await page.title()).toContain('anneal');
    expect({ errors, requests }).toEqual({ errors: [], requests: [] });
  });

  test('filters completions by step, reward and text', async () => {
    const { page } = await open(url);
    const records = readFileSync(join(out, 'rollouts.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const status = page.locator('#completions ~ [role=status]');
    const expectCount = async (count: number) =>
      expect(await status.innerText()).toMatch(new RegExp(`^${count} of ${records.length} completions fit`));
    await page.getByLabel('step, from').fill('5');
    await page.getByLabel('step, to').fill('9');
    await expectCount(records.filter(({ step }) => step >= 5 && step <= 9).length);
    await page.getByLabel('reward, from').fill('0.5');
    const fits = records.filter(({ step, reward }) => step >= 5 && step <= 9 && reward >= 0.5);
    await expectCount(fits.length);
    const { task } = fits[0];
    await page.getByRole('searchbox').fill(task);
    await expectCount(fits.filter((record) => JSON.stringify(record).includes(task)).length);
    await page.getByRole('searchbox').fill('no such text');
    expect(await status.innerText()).toBe('No completion fits.');
  });

  test('orders completions by reward', async () => {
    const { page } = await open(url);
    await page.getByLabel('order').selectOption('worst');
    const rewards = await page.locator('.card header span:nth-child(2) b').allInnerTexts();
    const lowest = readFileSync(join(out, 'rollouts.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).reward);
    expect(Number(rewards[0])).toBeCloseTo(Math.min(...lowest), 3);
    expect(rewards.map(Number)).toEqual(rewards.map(Number).sort((a, b) => a - b));
  });

  test('shows the values under the pointer, and moves along a chart by keys', async () => {
    const { page } = await open(url);
    const metrics = readFileSync(join(out, 'metrics.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const chart = page.locator('.chart', { has: page.getByRole('heading', { name: 'β', exact: true }) });
    const over = chart.locator('.u-over');
    await over.scrollIntoViewIfNeeded();
    await over.hover({ position: { x: 3, y: 20 } });
    await page.waitForTimeout(100);
    expect(await chart.locator('.legend').innerText()).toMatch(/1\s+step 0/);
    const slider = chart.getByRole('slider');
    await slider.focus();
    await page.keyboard.press('Home');
    await page.keyboard.press('ArrowRight');
    await page.waitForTimeout(100);
    const beta = Number(metrics[1].beta.toPrecision(4));
    expect(await slider.getAttribute('aria-valuetext')).toBe(`step 1: afa-lora ${beta}`);
    expect(await chart.locator('.legend').innerText()).toContain('step 1');
  });

  test('has the numbers of a chart as a table', async () => {
    const { page } = await open(url);
    const chart = page.locator('.chart', { has: page.getByRole('heading', { name: 'Reward', exact: true }) });
    await chart.locator('summary').click();
    await chart.locator('tbody tr').first().waitFor();
    expect(await chart.locator('tbody tr').count()).toBeGreaterThan(10);
    expect(await chart.locator('caption').innerText()).toContain('Reward');
  });

  test('is dark where the system is, and keeps the theme that was chosen', async () => {
    const { page } = await open(url, { colorScheme: 'dark' });
    const paper = () => page.evaluate('getComputedStyle(document.body).backgroundColor');
    expect(await paper()).toBe('rgb(20, 21, 23)');
    await page.getByRole('button', { name: 'Show in light colours' }).click();
    expect(await paper()).toBe('rgb(251, 251, 249)');
    await page.reload();
    expect(await paper()).toBe('rgb(251, 251, 249)');
  });

  test('fits a phone: only tables scroll sideways', async () => {
    const { page } = await open(url, { viewport: { width: 380, height: 800 } });
    await scrollThrough(page);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(380);
  });

  test('has landmarks, a name for every control, and a caption for every table', async () => {
    const { page } = await open(url);
    for (const role of ['main', 'navigation', 'banner', 'contentinfo'] as const) {
      expect(await page.getByRole(role).count()).toBe(1);
    }
    const nameless =
      await page.evaluate(`[...document.querySelectorAll('input, select, button, [role=slider]')]
      .filter((e) => !e.labels?.length && !e.getAttribute('aria-label') && !e.textContent.trim()).length`);
    expect(nameless).toBe(0);
    expect(await page.locator('table:not(:has(caption))').count()).toBe(0);
    for (const href of await page
      .locator('nav a')
      .evaluateAll((links) => links.map((a) => a.getAttribute('href')!)))
      expect(await page.locator(href).count()).toBe(1);
  });

  test('overlays seeds as one group, and lists the settings in which runs differ', async () => {
    const [first, second, third] = [
      join(await temporaryFolder(), 'run'),
      join(await temporaryFolder(), 'run'),
      join(await temporaryFolder(), 'run'),
    ];
    await runBandit(banditRecipe({ steps: 30 }), { out: first });
    await runBandit(banditRecipe({ steps: 30, seed: 2 }), { out: second });
    await runBandit(banditRecipe({ steps: 30, method: 'lora', optimizer: { lr: 0.01 } }), { out: third });
    const file = join(await temporaryFolder(), 'all.html');
    await writeReportOf([first, second, third], file);
    const { page, errors } = await open(pathToFileURL(file).href);
    await scrollThrough(page);
    const reward = page.locator('.chart', {
      has: page.getByRole('heading', { name: 'Reward', exact: true }),
    });
    expect(await reward.locator('.legend li').count()).toBe(3);
    expect(await page.locator('#runs ~ .box tbody tr').count()).toBe(3);
    expect(await page.locator('#multiples ~ .charts .chart h3').allInnerTexts()).toEqual([
      'afa-lora',
      'lora',
    ]);
    const settings = page.locator('#settings ~ .box th[scope=row]');
    for (const field of ['seed', 'method', 'optimizer.lr'])
      expect(await settings.allInnerTexts()).toContain(field);
    expect(errors).toEqual([]);
  });
});
