import { appendFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { InputError } from '../../src/errors.ts';
import { unpacked } from '../../src/report/packed-series.ts';
import type { PageData } from '../../src/report/page-data.ts';
import { writeReport, writeReportOf } from '../../src/report/write/write-report.ts';
import { banditRecipe } from '../pipeline/bandit.ts';
import { runBandit, temporaryFolder } from '../pipeline/run.ts';

/** The data that a page carries, read as a browser does. */
function dataOf(file: string): PageData {
  const [, json] = /<script type="application\/json" id="data">(.*?)<\/script>/s.exec(
    readFileSync(file, 'utf8'),
  )!;
  return JSON.parse(json!);
}

describe('the report of a run', () => {
  let out: string;
  let page: string;
  let file: string;

  beforeAll(async () => {
    out = join(await temporaryFolder(), 'run');
    file = join(out, 'report.html');
    await runBandit(banditRecipe({ steps: 30 }), { out });
    page = readFileSync(file, 'utf8');
  });

  test('names nothing outside itself: no files, no addresses, and a policy that allows no request', () => {
    const html = page.replace(/<script.*?<\/script>/gs, '').replace(/<style>.*?<\/style>/gs, '');
    expect(html).not.toMatch(/<img|<iframe|https?:|src=/);
    expect(/<style>.*?<\/style>/s.exec(page)![0]).not.toMatch(/@import|url\(/);
    expect(page).toContain("default-src 'none'");
    expect(page).toContain("connect-src 'none'");
  });

  test('carries every number of metrics.jsonl and evals.jsonl', () => {
    const { runs } = dataOf(file);
    const lines = readFileSync(join(out, 'metrics.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const reward = unpacked(runs[0]!.metrics.reward!);
    for (const line of lines) expect(reward.mean[line.step]).toBeCloseTo(line.reward, 5);
    const evals = readFileSync(join(out, 'evals.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(runs[0]!.evals.map(({ accuracy, step }) => [step, accuracy])).toEqual(
      evals.map(({ accuracy, step }) => [step, accuracy]),
    );
    expect(runs[0]).toMatchObject({
      lastStep: 29,
      steps: 30,
      betaZero: lines.find(({ beta }) => beta === 0).step,
    });
  });

  test('carries the completions of every step', () => {
    const [run] = dataOf(file).runs;
    const lines = readFileSync(join(out, 'rollouts.jsonl'), 'utf8').trim().split('\n');
    expect(run).toMatchObject({ rolloutCount: lines.length, rolloutsNote: '' });
    expect(run!.rollouts).toHaveLength(lines.length);
  });

  test('carries what models write as text, never as markup', async () => {
    const line = readFileSync(join(out, 'rollouts.jsonl'), 'utf8').trimEnd().split('\n').at(-1)!;
    const completion = '</script><script>alert("1")</script><!--<img src=x onerror=alert(2)>';
    appendFileSync(
      join(out, 'rollouts.jsonl'),
      `${JSON.stringify({ ...JSON.parse(line), step: 30, completion })}\n`,
    );
    await writeReport(out);
    const again = readFileSync(file, 'utf8');
    expect(again.match(/<script/g)).toHaveLength(2);
    expect(again).not.toContain('<img');
    expect(dataOf(file).runs[0]!.rollouts.at(-1)!.completion).toBe(completion);
  });

  test('shows what it can of damaged files, and says what it left out', async () => {
    const broken = join(await temporaryFolder(), 'run');
    await runBandit(banditRecipe({ steps: 6 }), { out: broken });
    const metrics = readFileSync(join(broken, 'metrics.jsonl'), 'utf8');
    writeFileSync(join(broken, 'metrics.jsonl'), metrics.slice(0, -20));
    writeFileSync(join(broken, 'rollouts.jsonl'), 'no json\n{"step": "x"}\n');
    writeFileSync(join(broken, 'verification.json'), '[]');
    const target = join(broken, 'page.html');
    const notes = await writeReportOf([broken], target);
    expect(notes).toEqual([
      `${broken}/metrics.jsonl: 1 line holds no record and is left out`,
      expect.stringContaining(`${broken}/verification.json: content: Invalid input`),
      `${broken}/rollouts.jsonl: 2 lines hold no record and are left out`,
    ]);
    const { runs, notes: shown } = dataOf(target);
    expect(shown).toEqual(notes);
    expect(runs[0]).toMatchObject({ lastStep: 4, rollouts: [], verification: null });
    rmSync(join(broken, 'metrics.jsonl'));
    await writeReportOf([broken], target);
    expect(dataOf(target).runs[0]).toMatchObject({ lastStep: null });
  });

  test('leaves out folders that are no runs, by name', async () => {
    const [empty, foreign] = [await temporaryFolder(), await temporaryFolder()];
    writeFileSync(join(foreign, 'results.json'), '{"tasks": 3}');
    const target = join(empty, 'page.html');
    const notes = await writeReportOf([out, empty, foreign, join(empty, 'gone'), file], target);
    expect(notes).toEqual([
      `${empty} holds neither a run (config.json) nor a comparison (results.json)`,
      expect.stringContaining(`${foreign}/results.json: `),
      `${empty}/gone does not exist`,
      `${file} is a file: name the folder of a run or comparison`,
    ]);
    expect(dataOf(target).runs).toHaveLength(1);
  });

  test('of nothing that can be read is refused', async () => {
    const empty = await temporaryFolder();
    await expect(writeReport(empty)).rejects.toThrow(InputError);
    await expect(writeReportOf([empty, `${empty}/x`], `${empty}/y`)).rejects.toThrow('neither a run');
  });
});
