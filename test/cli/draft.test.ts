import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { openModelService } from '../../src/serve/engine/open-model-service.ts';
import { temporaryFolder } from '../pipeline/run.ts';
import { modelFolder, textOf } from '../policy/model-folder.ts';
import { anneal, recipeFile } from './command-line.ts';

vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

let model: string;
let run: string;
let recipe: string;
let printed: string;

const overrides = ['--set', 'objective=draft', '--set', 'draft.layers=1', '--set', 'optimizer.lr=1e-2'];

beforeAll(async () => {
  const folder = await temporaryFolder();
  model = modelFolder();
  recipe = recipeFile(folder, model);
  run = join(folder, 'draft');
  const ran = await anneal(['run', recipe, '--out', run, ...overrides]);
  expect(ran.err.filter((line) => line.startsWith('error'))).toEqual([]);
  expect(ran.code).toBe(0);
  printed = ran.out.join('\n');
});

describe('a run with objective draft', () => {
  test('says what its target accepts, before and after, and that the merged draft is the trained one', () => {
    expect(printed).toMatch(/^step 0: acceptance rate \d+\.\d % \(.*\) on 8 tasks$/m);
    expect(printed).toMatch(/^acceptance rate +\d.* → \d.*, acceptance, 8 tasks, 95 % intervals$/m);
    expect(printed).toMatch(/^acceptance length +\d\.\d\d → \d\.\d\d tokens a call, 4 proposed$/m);
    expect(printed).toMatch(/^verify +passed$/m);
    const answers = /in a new process +the draft’s own greedy answers: accuracy .* 8 of 8 answers equal$/m;
    expect(printed).toMatch(answers);
    const [metrics] = readFileSync(join(run, 'metrics.jsonl'), 'utf8').split('\n');
    expect(Object.keys(JSON.parse(metrics!))).toEqual(
      expect.arrayContaining(['draft/divergence', 'draft/acceptance_rate']),
    );
    const record = readFileSync(join(run, 'evals.jsonl'), 'utf8').split('\n')[0]!;
    expect(JSON.parse(record)).toMatchObject({ accuracyBy: 'acceptance', acceptance: { draftTokens: 4 } });
  });

  test('is evaluated again to the same numbers from its merged model', async () => {
    const { out, code } = await anneal(['eval', run, '--json']);
    expect(code).toBe(0);
    const { accuracy, acceptance } = JSON.parse(out[0]!);
    const last = JSON.parse(readFileSync(join(run, 'evals.jsonl'), 'utf8').trim().split('\n').at(-1)!);
    expect(accuracy).toBeCloseTo(last.accuracy, 4);
    expect(acceptance.length).toBeCloseTo(last.acceptance.length, 3);
  });

  test('drafts for its target, which writes what it writes alone', async () => {
    const args = ['generate', model, '--prompt', textOf([61, 70, 99]), '--raw', '--max-new-tokens', '12'];
    const alone = await anneal(args);
    const drafted = await anneal([...args, '--draft', run, '--draft-tokens', '3']);
    expect(drafted.code).toBe(0);
    expect(drafted.out).toEqual(alone.out);
    expect(drafted.err.join()).toMatch(
      /^draft: \d\.\d\d tokens a call of the model; accepted by position .*, .*, .*; \d.* tokens\/s$/,
    );
  });

  test('drafts for its target where that is served', async () => {
    const ids = [61, 70, 99];
    const args = ['--prompt', textOf(ids), '--raw', '--max-new-tokens', '12', '--json'];
    const alone = await anneal(['generate', model, ...args]);
    const [{ completions }] = JSON.parse(alone.out[0]!);
    const service = await openModelService({ model, name: 'target', draft: run, draftTokens: 3 });
    expect(service.models()).toMatchObject([{ name: 'target', draft: run }]);
    const tokens: number[] = [];
    const greedy = { temperature: 0, topP: 1, topK: 0, minP: 0, repetitionPenalty: 1, seed: 0 };
    await service.generate(
      {
        ...greedy,
        model: 'target',
        promptIds: ids,
        maxNewTokens: 12,
        stop: [],
        topLogprobs: 0,
        ignoreEos: false,
      },
      { onDelta: (delta) => tokens.push(...delta.tokens.map(({ id }) => id)) },
    );
    expect(tokens).toEqual(completions[0].tokenIds);
    await expect.poll(() => service.stats().draft?.proposed).toBeGreaterThan(0);
    await service.close();
  });

  test('is served from its last checkpoint as from its merged model', async () => {
    const bare = join(await temporaryFolder(), 'bare');
    cpSync(run, bare, { recursive: true });
    rmSync(join(bare, 'merged'), { recursive: true });
    await expectSameService(bare, run);
  });

  test('whose draft is a model of its own is served as that model, not as its target', async () => {
    const other = join(await temporaryFolder(), 'other');
    const draft = modelFolder();
    const file = join(draft, 'config.json');
    // Other angles make another model of the same shapes, which the adapter fits as well.
    const config = JSON.parse(readFileSync(file, 'utf8'));
    writeFileSync(
      file,
      JSON.stringify({ ...config, rope_parameters: { rope_type: 'default', rope_theta: 10 } }),
    );
    const set = ['objective=draft', `draft.model=${draft}`, 'optimizer.lr=1e-2'];
    const ran = await anneal(['run', recipe, '--out', other, ...set.flatMap((each) => ['--set', each])]);
    expect([ran.code, ran.err.filter((line) => line.startsWith('error'))]).toEqual([0, []]);
    const bare = join(await temporaryFolder(), 'bare');
    cpSync(other, bare, { recursive: true });
    rmSync(join(bare, 'merged'), { recursive: true });
    await expectSameService(bare, other);
  });

  test('is no adapter of its target', async () => {
    await expect(openModelService({ model, adapters: { d: run } })).rejects.toThrow(
      `${run} is a draft of ${model}: give it to --draft`,
    );
  });

  test('is planned with --dry-run', async () => {
    const { out, code } = await anneal(['run', recipe, '--dry-run', ...overrides]);
    expect(code).toBe(0);
    expect(out.join('\n')).toMatch(/^parameters +[\d,]+ trained of /m);
  });
});

test.each([
  [['--draft-tokens', '3'], /--draft-tokens is for a draft: give --draft too/],
  [['--draft', 'tiny', '--draft-tokens', '0'], /--draft-tokens takes a whole number from 1 \(got 0\)/],
  [['--draft', 'nowhere'], /nowhere/],
  [['--draft', 'tiny'], /tiny can't draft for .*: its vocabulary has 20 tokens, the target's has 160/],
])('generate refuses %s', async (args, says) => {
  const ran = await anneal(['generate', model, '--prompt', 'x', ...args]);
  expect(ran.code).toBe(2);
  expect(ran.err.join('\n')).toMatch(says);
});

/** That two runs are served as the same model: log-probs of a text agree. */
async function expectSameService(one: string, other: string): Promise<void> {
  const [got, want] = [await logprobsOf(one), await logprobsOf(other)];
  expect(want).toHaveLength(TEXT.length);
  for (const [t, logprob] of got.entries()) expect(logprob).toBeCloseTo(want[t]!, 4);
}

const TEXT = [61, 70, 99, 20, 31, 8];

/** Log-probs of a text by the model that a run is served as. */
async function logprobsOf(given: string): Promise<number[]> {
  const service = await openModelService({ model: given, engine: { threads: 1 } });
  try {
    // Of an adapter on a base the run's name is the adapter's, which comes last.
    const { name } = service.models().at(-1)!;
    const scored = await service.scorePrompt({ model: name, ids: TEXT, topLogprobs: 0 });
    return scored.map((token) => token?.logprob ?? 0);
  } finally {
    await service.close();
  }
}
