import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { anneal } from './command-line.ts';

const folder = mkdtempSync(join(tmpdir(), 'anneal-likelihood-'));
const recipe = join(folder, 'sums.ts');
const run = join(folder, 'run');
afterAll(() => rmSync(folder, { recursive: true, maxRetries: 3 }));

const SUMS = `
import { defineRecipe } from 'anneal';
import { exactNumber } from 'anneal/rewards';

const sums = (gold) => ({
  name: 'sums',
  async *tasks() { for (let n = 11; n < 21; n++) yield { id: String(n), n, answer: n + 12 }; },
  prompt: ({ n }) => [{ role: 'user', content: n + '+3*4=' }],
  target: ({ n }) => n + '+12=' + (n + 12),
  choices: ({ n }) => ({ texts: [n + '+12=' + (n + 12), n + '+12=' + (n + 13)], gold }),
  configure: ({ gold }) => sums(gold),
});

export default defineRecipe({
  name: 'sums',
  model: 'tiny',
  method: 'lora',
  objective: 'sft',
  env: sums(0),
  rewards: [{ reward: exactNumber() }],
  sampling: { promptsPerStep: 4, maxNewTokens: 12 },
  optimizer: { lr: 1e-3, packing: 64 },
  steps: 2,
  eval: { tasks: 6, accuracy: 'acc_norm' },
  runtime: { engine: 'onnx', threads: 1 },
});
`;

writeFileSync(recipe, SUMS);

describe('a run whose accuracy goes by the likelihood of the choices', () => {
  let out: readonly string[];
  beforeAll(async () => {
    const ran = await anneal(['run', recipe, '--out', run]);
    expect(ran.err).toEqual([]);
    expect(ran.code).toBe(0);
    ({ out } = ran);
  });

  test('says so while it trains and at its end, and verifies its merged model by its answers', () => {
    const told = out.join('\n');
    expect(told).toMatch(/step 0: held-out accuracy by likelihood of the choices \(acc_norm\) .* loss \d/);
    expect(told).toMatch(/held-out accuracy +[\d.]+ %.* → [\d.]+ %.*, acc_norm, 6 tasks, 95 % intervals/);
    expect(told).toMatch(/held-out loss +\d\.\d+ → \d\.\d+ nats a target token/);
    expect(told).toMatch(/verify +passed/);
    expect(told).toMatch(/6 of 6 answers equal/);
  });

  test('is evaluated in the same way, and by other ways when asked', async () => {
    const { out: lines } = await anneal(['eval', run]);
    expect(lines[0]).toMatch(
      /merged: accuracy by likelihood of the choices \(acc_norm\) .* on 6 test tasks$/,
    );
    expect(lines[1]).toMatch(/^loss \d\.\d{4} nats a target token$/);
    expect(lines.slice(2).map((line) => line.trim().split(/\s+/)[0])).toEqual([
      'acc',
      'acc_norm',
      'generation',
    ]);
    const greedy = await anneal(['eval', run, '--set', 'eval.accuracy=generation', '--json']);
    const result = JSON.parse(greedy.out[0]!);
    expect(result).not.toHaveProperty('accuracyBy');
    const { out: json } = await anneal(['eval', run, '--set', 'eval.accuracy=acc', '--json']);
    const { accuracyBy, accuracy, accuracies } = JSON.parse(json[0]!);
    expect(accuracyBy).toBe('acc');
    expect(accuracies.acc.value).toBe(accuracy);
    expect(accuracies.generation.value).toBe(result.accuracy);
  });
});

describe('one line says what is wrong with', () => {
  test('accuracy by likelihood where the environment has no choices', async () => {
    const { code, err } = await anneal(['eval', 'arithmetic', '--set', 'eval.accuracy=acc']);
    expect(code).toBe(2);
    expect(err.join('\n')).toMatch(
      /eval\.accuracy.*'acc' needs an environment with choices\(\); "arithmetic" has none: set generation/,
    );
  });

  test('packing with objective rl', async () => {
    const { code, err } = await anneal(['run', 'arithmetic', '--set', 'optimizer.packing=64', '--out', run]);
    expect(code).toBe(2);
    expect(err.join('\n')).toMatch(/optimizer\.packing.*is for objective 'sft'/);
  });

  test('a gold index out of range: the task, and no run folder', async () => {
    const out = join(folder, 'never');
    const { code, err } = await anneal(['run', recipe, '--set', 'env.gold=2', '--out', out]);
    expect(code).toBe(1);
    expect(existsSync(out)).toBe(false);
    expect(err.join('\n')).toMatch(
      /choices of task "11": gold is the index of one of 2 texts, 0 to 1, not 2/,
    );
  });
});
