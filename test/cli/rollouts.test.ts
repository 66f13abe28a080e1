import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RolloutRecord } from '../../src/run/folder/rollout-records.ts';
import { anneal } from './command-line.ts';

const record = (step: number, change: Partial<RolloutRecord> = {}): RolloutRecord => ({
  step,
  task: `task ${step}`,
  prompt: [{ role: 'user', content: 'How many?' }],
  completion: `It is ${step}.`,
  rewards: { exact_number: 1, format: null },
  reward: step / 10,
  advantage: -0.51234,
  beta: 0.5,
  policy_version: step,
  finish_reason: 'eos',
  tokens: 7,
  ...change,
});

describe('anneal rollouts', () => {
  let run: string;
  beforeAll(() => {
    run = mkdtempSync(join(tmpdir(), 'rollouts-'));
    const records = Array.from({ length: 10 }, (_, step) => record(step));
    records[4] = record(4, { finish_reason: 'length', completion: 'and so on' });
    writeFileSync(join(run, 'rollouts.jsonl'), records.map((row) => `${JSON.stringify(row)}\n`).join(''));
  });
  afterAll(() => rmSync(run, { recursive: true }));
  const stepsOf = async (...filters: string[]) => {
    const { code, out } = await anneal(['rollouts', run, '--json', ...filters]);
    expect(code).toBe(0);
    return out.map((line) => JSON.parse(line).step);
  };

  test('filters by step, reward, truncation, words and number', async () => {
    expect(await stepsOf()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(await stepsOf('--step', '3')).toEqual([3]);
    expect(await stepsOf('--step', '2-4')).toEqual([2, 3, 4]);
    expect(await stepsOf('--below', '0.3')).toEqual([0, 1, 2]);
    expect(await stepsOf('--above', '0.3', '--below', '0.6')).toEqual([4, 5]);
    expect(await stepsOf('--truncated')).toEqual([4]);
    expect(await stepsOf('--word', 'It is 7')).toEqual([7]);
    expect(await stepsOf('--word', 'How many', '--limit', '2')).toEqual([0, 1]);
  });

  test('a rollout is readable: scores, advantage, tokens, prompt and completion', async () => {
    const { out } = await anneal(['rollouts', run, '--step', '4']);
    expect(out).toEqual([
      '── step 4, task task 4\nreward 0.4 (exact_number 1, format null)  advantage -0.512  β 0.5  7 tokens, truncated\nuser: How many?\nassistant: and so on\n',
    ]);
  });

  test('a completion that no reward scored is readable, and neither below nor above', async () => {
    const folder = join(run, 'unscored');
    mkdirSync(folder);
    const unscored = record(0, { rewards: { exact_number: null }, reward: null, advantage: null });
    writeFileSync(join(folder, 'rollouts.jsonl'), `${JSON.stringify(unscored)}\n`);
    const { code, out } = await anneal(['rollouts', folder]);
    expect(code).toBe(0);
    expect(out[0]).toContain('\nreward null (exact_number null)  advantage null  β 0.5');
    for (const filter of ['--below', '--above'])
      expect((await anneal(['rollouts', folder, filter, '0.5', '--json'])).out).toEqual([]);
    expect((await anneal(['rollouts', folder, '--below', '0.5'])).err).toHaveLength(1);
  });

  test('nothing found, and bad input, are said in a line', async () => {
    expect((await anneal(['rollouts', run, '--word', 'no such'])).err).toEqual([
      'no completion fits; steps are counted from 0 here, as in metrics.jsonl',
    ]);
    for (const [args, message] of [
      [[run, '--step', 'two'], /--step takes a step or a range/],
      [[run, '--below', 'x'], /--below takes a number \(got "x"\)/],
      [[run, '--step', '3-1'], /--step goes from the smaller step to the larger/],
      [[run, '--limit', '0'], /--limit takes a whole number of at least 1/],
      [[join(run, 'absent')], /rollouts\.jsonl is missing/],
    ] as const) {
      const { code, err } = await anneal(['rollouts', ...args]);
      expect(code).toBe(2);
      expect(err.join('\n')).toMatch(message);
    }
  });
});
