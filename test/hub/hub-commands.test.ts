import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { dataset } from '../../envs/index.ts';
import { configChanges, configOf } from '../../src/experiment/plan/config-hash.ts';
import { modelPath } from '../../src/model/config/model-path.ts';
import { readModelConfig } from '../../src/model/read-config.ts';
import { loadWeights } from '../../src/model/weights/load-weights.ts';
import { pinHub } from '../../src/run/folder/hub-record.ts';
import { loadRecipe } from '../../src/run/loading/load-recipe.ts';
import { anneal, recipeFile } from '../cli/command-line.ts';
import { temporaryFolder } from '../pipeline/run.ts';
import { modelFolder } from '../policy/model-folder.ts';
import { commitOf, type Repo } from './hub-server.ts';
import { withHub } from './with-hub.ts';

// Models, adapters and data sets of a local hub, where commands and recipes name them.

vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

const filesOf = (folder: string): Repo['files'] =>
  Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name))]));

let folder: string;
let model: string;
/** The adapter of a finished run on `model`. */
let adapter: Repo;

beforeAll(async () => {
  folder = await temporaryFolder();
  model = modelFolder();
  const run = join(folder, 'run');
  expect((await anneal(['run', recipeFile(folder, model), '--out', run, '--set', 'steps=2'])).code).toBe(0);
  adapter = { files: filesOf(join(run, 'adapter')) };
});

const rows = (text: (i: number) => string): string =>
  Array.from({ length: 40 }, (_, i) => JSON.stringify({ question: text(i), answer: text(i + 1) })).join('\n');
const letter = (i: number) => String.fromCodePoint(0x4e00 + 3 + (i % 60));
const sums = (text = letter): Repo => ({
  kind: 'dataset',
  files: { 'data/train.jsonl': rows(text), 'data/test.jsonl': rows((i) => text(i + 7)) },
});

describe('a model on the hub', () => {
  test('in shards has the weights of the folder', async () => {
    const here = 'test/fixtures/models/llama-sharded';
    await withHub({ 'acme/sharded': { files: filesOf(here) } });
    const there = await modelPath('acme/sharded');
    const config = await readModelConfig(there);
    expect(config).toEqual(await readModelConfig(here));
    expect(await loadWeights(there, config)).toEqual(await loadWeights(here, config));
  });

  test('is generated from, with an adapter on the hub too; one line says what is downloaded', async () => {
    await withHub({ 'acme/toy': { files: filesOf(model) }, 'acme/adapter': adapter });
    const ran = await anneal(['generate', 'acme/toy', '--prompt', letter(3), '--adapter', 'acme/adapter']);
    expect(ran.err.map((line) => line.replace(/[\d.]+ [kM]B/, 'N MB'))).toEqual([
      expect.stringMatching(/^downloading model acme\/toy: \d files, N MB$/),
      'downloading model acme/adapter: 3 files, N MB',
    ]);
    const local = join(folder, 'run/adapter');
    expect(ran.out).toEqual(
      (await anneal(['generate', model, '--prompt', letter(3), '--adapter', local])).out,
    );
  });

  test('and its adapter are merged and exported', async () => {
    await withHub({ 'acme/toy': { files: filesOf(model) }, 'acme/adapter': adapter });
    const out = join(folder, 'merged');
    const ran = await anneal(['merge', 'acme/adapter', '--model', 'acme/toy', '--out', out]);
    expect(ran.code).toBe(0);
    expect(readdirSync(out)).toContain('model.safetensors');
    const exported = join(folder, 'exported');
    const again = ['export', 'acme/adapter', '--model', 'acme/toy', '--out', exported];
    expect(await anneal(again)).toMatchObject({ code: 0 });
    const bytes = (path: string) => readFileSync(join(path, 'model.safetensors'));
    expect(bytes(exported).equals(bytes(out))).toBe(true);
  });
});

describe('anneal pull', () => {
  test('prints where a model, an adapter or a data set lies', async () => {
    const hub = await withHub({
      'acme/toy': { files: filesOf(model) },
      'acme/adapter': adapter,
      'acme/sums': sums(),
    });
    for (const name of ['acme/toy', 'acme/adapter', 'acme/toy@main']) {
      const { out, code } = await anneal(['pull', name]);
      expect(code).toBe(0);
      expect(out).toEqual([
        expect.stringMatching(`^${hub.home}/hub/models--acme--.*/snapshots/[0-9a-f]{40}$`),
      ]);
    }
    const { out } = await anneal(['pull', 'acme/sums', '--dataset', '--json']);
    expect(JSON.parse(out[0]!)).toMatchObject({
      name: 'acme/sums',
      commit: commitOf(hub.repos['acme/sums']!),
      files: ['data/test.jsonl', 'data/train.jsonl'],
    });
    expect((await anneal(['pull', 'acme/toy'])).err).toEqual([]);
  });

  test('says in one line what is wrong', async () => {
    const hub = await withHub({ 'acme/gated': { files: filesOf(model), gated: true } });
    const refused = async (name: string) => {
      const { code, err } = await anneal(['pull', name]);
      expect(err.filter((line) => line.startsWith('error'))).toHaveLength(1);
      return `${code} ${err.at(-1)}`;
    };
    expect(await refused('models/x/y')).toMatch(
      /^2 error: "models\/x\/y" is no name on the hub: write owner\/name/,
    );
    expect(await refused('acme/none')).toMatch(/^2 error: http.* has no model acme\/none: check the name/);
    expect(await refused('acme/gated')).toMatch(
      /^2 error: model acme\/gated is gated: accept its licence at/,
    );
    await hub.close();
    expect(await refused('acme/gated')).toMatch(/^1 error: can't reach http.*: connect ECONNREFUSED/);
  });
});

describe('a data set on the hub', () => {
  test('is checked, with the tokenizer of a model on the hub, whose weights stay there', async () => {
    const hub = await withHub({ 'acme/toy': { files: filesOf(model) }, 'acme/sums': sums() });
    const file = join(folder, 'env.ts');
    writeFileSync(
      file,
      `import { dataset } from 'anneal/envs';\nexport default dataset({ path: 'acme/sums' });\n`,
    );
    const ran = await anneal(['env', 'check', file, '--tokenizer', 'acme/toy']);
    expect(ran.out.join('\n')).toMatch(/train/);
    const files = hub.seen
      .filter(({ path }) => path.includes('/resolve/'))
      .map(({ path }) => path.split('/').at(-1));
    expect(files).toContain('tokenizer.json');
    expect(files).not.toContain('model.safetensors');
  });
});

describe('a run', () => {
  test('starts from an adapter on the hub, whose commit it keeps', async () => {
    const hub = await withHub({ 'acme/toy': { files: filesOf(model) }, 'acme/adapter': adapter });
    const out = join(folder, 'from-adapter');
    const set = ['steps=1', 'method=lora', 'adapter.init=acme/adapter', 'eval.every=0'];
    const ran = await anneal([
      'run',
      recipeFile(await temporaryFolder(), 'acme/toy'),
      '--out',
      out,
      ...set.flatMap((one) => ['--set', one]),
    ]);
    expect(ran.err.filter((line) => !line.startsWith('downloading'))).toEqual([]);
    expect(ran.code).toBe(0);
    const config = JSON.parse(readFileSync(join(out, 'config.json'), 'utf8'));
    expect(config.hub).toEqual({
      model: commitOf(hub.repos['acme/toy']!),
      adapter: commitOf(hub.repos['acme/adapter']!),
      data: {},
    });
  });

  test('goes on with the model and the data that it began with, though the hub has others by now', async () => {
    const hub = await withHub({ 'acme/toy': { files: filesOf(model) }, 'acme/sums': sums() });
    const file = join(folder, 'hub.ts');
    writeFileSync(
      file,
      `import { defineRecipe } from 'anneal';
import { dataset } from 'anneal/envs';
export default defineRecipe({
  name: 'hub', model: 'acme/toy', objective: 'sft', env: dataset({ path: 'acme/sums' }),
  rewards: [{ reward: ({ completions }) => completions.map((text) => text.length % 2) }],
  adapter: { rank: 2, alpha: 4 }, sampling: { promptsPerStep: 2, maxNewTokens: 4, maxPromptLength: 16 },
  optimizer: { lr: 1e-3 }, steps: 4, eval: { every: 0, tasks: 4 }, checkpoint: { every: 2 },
  runtime: { engine: 'onnx', threads: 1 },
});
`,
    );
    const [whole, parted] = [join(folder, 'whole'), join(folder, 'parted')];
    const first = await anneal(['run', file, '--out', whole]);
    expect(first.err).toEqual([
      expect.stringMatching(/^downloading data set/),
      expect.stringMatching(/^downloading model/),
    ]);
    expect(first.code).toBe(0);
    const stopped = await anneal(['run', file, '--out', parted], {
      onLine: (line, interrupt) => line.startsWith('step 2/') && interrupt(),
    });
    expect(stopped.code).toBe(130);
    const began = {
      model: commitOf(hub.repos['acme/toy']!),
      data: { 'acme/sums': commitOf(hub.repos['acme/sums']!) },
    };
    expect(JSON.parse(readFileSync(join(parted, 'config.json'), 'utf8')).hub).toEqual(began);

    hub.newProcess();
    hub.repos['acme/toy']!.files['config.json'] = `${hub.repos['acme/toy']!.files['config.json']}\n`;
    hub.repos['acme/sums']!.files['data/train.jsonl'] = rows((i) => letter(2 * i));
    const resumed = await anneal(['run', file, '--out', parted, '--resume']);
    expect(resumed.err).toEqual([]);
    expect(resumed.code).toBe(0);
    const losses = (run: string) =>
      readFileSync(join(run, 'metrics.jsonl'), 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).loss);
    expect(losses(parted)).toEqual(losses(whole));

    const peft = JSON.parse(readFileSync(join(parted, 'adapter/adapter_config.json'), 'utf8'));
    expect(peft).toMatchObject({ base_model_name_or_path: 'acme/toy', revision: began.model });

    hub.newProcess();
    expect((await anneal(['verify', parted])).code).toBe(0);
    expect(
      (await anneal(['merge', join(parted, 'adapter'), '--out', join(folder, 'merged-again')])).code,
    ).toBe(0);
    expect(readFileSync(join(folder, 'merged-again/config.json'), 'utf8')).not.toMatch(/\n\n$/);
    hub.newProcess();
    const fresh = join(folder, 'fresh');
    expect((await anneal(['run', file, '--out', fresh, '--set', 'steps=1'])).code).toBe(0);
    expect(JSON.parse(readFileSync(join(fresh, 'config.json'), 'utf8')).hub.model).toBe(
      commitOf(hub.repos['acme/toy']!),
    );
  });

  test('of a comparison has the model and the data of its plan', async () => {
    const hub = await withHub({ 'acme/toy': { files: filesOf(model) }, 'acme/sums': sums() });
    const recipe = {
      ...(await loadRecipe(recipeFile(await temporaryFolder(), 'acme/toy'))).recipe,
      env: dataset({ path: 'acme/sums' }),
    };
    const planned = await configOf(recipe);
    hub.repos['acme/toy']!.files['config.json'] = `${hub.repos['acme/toy']!.files['config.json']}\n`;
    hub.repos['acme/sums']!.files['data/train.jsonl'] = rows((i) => letter(2 * i));
    hub.newProcess();
    expect(configChanges(planned, await configOf(recipe))).toEqual(['the data', 'the files of the model']);
    hub.newProcess();
    pinHub(planned);
    expect(configChanges(planned, await configOf(recipe))).toEqual([]);
  });
});
