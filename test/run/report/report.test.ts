import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { InputError } from '../../../src/errors.ts';
import { lineChart } from '../../../src/run/report/line-chart.ts';
import { smooth } from '../../../src/run/report/smooth.ts';
import { shortNumber, ticks } from '../../../src/run/report/ticks.ts';
import { writeReport } from '../../../src/run/report/write-report.ts';
import type { RewardBatch } from '../../../src/types.ts';
import { banditRecipe, right } from '../../pipeline/bandit.ts';
import { runBandit, temporaryFolder } from '../../pipeline/run.ts';

describe('the report of a run', () => {
  let out: string;
  let page: string;

  beforeAll(async () => {
    out = join(await temporaryFolder(), 'run');
    await runBandit(banditRecipe({ steps: 30 }), { out });
    page = readFileSync(join(out, 'report.html'), 'utf8');
  });

  test('needs nothing from outside: no scripts, links, images or addresses', () => {
    expect(page).not.toMatch(/<script|<link|<img|<iframe|https?:|url\(|@import|src=/);
  });

  test('shows accuracy before and after with intervals, β at the end, and the steps taken', () => {
    const tile = (name: string) => new RegExp(`<dt>${name}</dt><dd>(.*?)</dd>`).exec(page)?.[1];
    expect(tile('Accuracy before')).toBe('0 %<small>0 % to 56.1 %</small>');
    expect(tile('Accuracy after')).toBe('100 %<small>43.9 % to 100 %, 3 held-out tasks</small>');
    expect(tile('β at the end')).toBe('0<small>after step 30</small>');
    expect(tile('Steps')).toMatch(/^30 of 30/);
  });

  test('has a chart of each curve, and marks where β reaches 0', () => {
    for (const title of ['Held-out accuracy', 'Reward', 'β', 'Gradient norm', 'Completion length']) {
      expect(page).toContain(`<h3>${title}</h3>`);
    }
    expect(page.split('<details>')[0]!.match(/<svg/g)).toHaveLength(6);
    expect(page).toContain('β = 0</text>');
    expect(page).not.toMatch(/NaN|undefined|Infinity/);
  });

  test('has a chart of each reward where there are several', async () => {
    const both = join(await temporaryFolder(), 'run');
    const length = ({ completions }: { completions: readonly string[] }) =>
      completions.map((text) => text.length);
    await runBandit(banditRecipe({ steps: 3, rewards: [{ reward: right }, { reward: length, weight: 0 }] }), {
      out: both,
    });
    const text = readFileSync(join(both, 'report.html'), 'utf8');
    for (const title of ['Reward right', 'Reward length']) expect(text).toContain(`<h3>${title}</h3>`);
    expect(page).not.toContain('<h3>Reward right</h3>');
  });

  test('has a chart of every other metric that changed, what rewards logged among them', async () => {
    const logged = join(await temporaryFolder(), 'run');
    const logging = (batch: RewardBatch) => {
      batch.logMetric('my <metric>', batch.step ** 2);
      batch.logMetric('always', 7);
      return right(batch);
    };
    await runBandit(banditRecipe({ steps: 3, rewards: [{ reward: logging }] }), { out: logged });
    const [, further] = readFileSync(join(logged, 'report.html'), 'utf8').split('<details>');
    expect(further).toContain('<h3>my &lt;metric&gt;</h3>');
    for (const title of ['always', 'step', 'reward']) expect(further).not.toContain(`<h3>${title}</h3>`);
  });

  test('shows the best and worst completions, early and late', () => {
    expect(page).toContain('Early (step 0)');
    expect(page).toContain('Late (step 29)');
  });

  test('shows what models write as text, never as markup', async () => {
    const line = readFileSync(join(out, 'rollouts.jsonl'), 'utf8').trimEnd().split('\n').at(-1)!;
    const nasty = { ...JSON.parse(line), step: 30, completion: '</td><script>alert("1")</script>' };
    appendFileSync(join(out, 'rollouts.jsonl'), `${JSON.stringify(nasty)}\n`);
    await writeReport(out);
    const again = readFileSync(join(out, 'report.html'), 'utf8');
    expect(again).toContain('&lt;/td&gt;&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;');
    expect(again).not.toContain('<script');
  });

  test('of a folder without a run is refused', async () => {
    await expect(writeReport(await temporaryFolder())).rejects.toThrow(InputError);
  });
});

describe('a chart', () => {
  const chart = { title: 'T', note: 'n', steps: 10 };

  test('puts values where its axes say', () => {
    const points = [0, 10].map((step) => ({ step, value: step / 10 }));
    const svg = lineChart({ ...chart, points });
    const [, low] = />0<\/text>/.exec(svg)
      ? (/y="([\d.]+)" dy="0.32em" text-anchor="end">0</.exec(svg) ?? [])
      : [];
    const [, high] = /y="([\d.]+)" dy="0.32em" text-anchor="end">1</.exec(svg) ?? [];
    const [, x0, y0, x1, y1] = /class="line" d="M([\d.]+) ([\d.]+)L([\d.]+) ([\d.]+)"/.exec(svg) ?? [];
    expect(y0).toBe(low);
    expect(y1).toBe(high);
    expect(svg).toContain(`x="${x0}" y="240" text-anchor="middle">0<`);
    expect(svg).toContain(`x="${x1}" y="240" text-anchor="middle">10<`);
  });

  test('of values close together has labels that differ', () => {
    const points = [0, 1].map((step) => ({ step, value: 1 + step * 4e-6 }));
    const labels = [...lineChart({ ...chart, points }).matchAll(/text-anchor="end">([^<]*)</g)].map(
      ([, text]) => text,
    );
    expect(labels).toEqual(['1', '1.000001', '1.000002', '1.000003', '1.000004']);
  });

  test('of a very long run is drawn', () => {
    const points = Array.from({ length: 200_000 }, (_, step) => ({ step, value: step % 7 }));
    expect(lineChart({ ...chart, steps: points.length, points })).toContain('<svg');
  });

  test('of equal values has finite coordinates', () => {
    for (const value of [0, 5, -3]) {
      expect(
        lineChart({
          ...chart,
          points: [
            { step: 0, value },
            { step: 1, value },
          ],
        }),
      ).not.toMatch(/NaN|Infinity/);
    }
    expect(lineChart({ ...chart, points: [{ step: 0, value: 2 }] })).not.toMatch(/NaN|Infinity/);
  });
});

test('ticks are round numbers that cover the range', () => {
  expect(ticks(0, 1, 4)).toEqual([0, 0.5, 1]);
  expect(ticks(0.13, 0.87, 4)).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
  expect(ticks(-0.3, 1234, 4)).toEqual([-500, 0, 500, 1000, 1500]);
  expect(ticks(3, 3, 4)).toEqual([3]);
});

test('numbers are short', () => {
  expect([0, 0.123456, 12.3456, 12345.6, 0.00001234, -2, Number.NaN].map(shortNumber)).toEqual([
    '0',
    '0.1235',
    '12.35',
    '12,346',
    '1.23e-5',
    '-2',
    '–',
  ]);
});

test('smoothing takes the mean of neighbours, fewer at the ends', () => {
  expect(smooth([1, 2, 6, 3], 1)).toEqual([1.5, 3, 11 / 3, 4.5]);
});
