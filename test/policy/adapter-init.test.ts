import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { lastValueFrom, tap, toArray } from 'rxjs';
import { afterAll, describe, expect, test } from 'vitest';
import { adapterSpec } from '../../src/adapter/adapter-spec.ts';
import { adapterNames } from '../../src/adapter/adapter-tensors.ts';
import { doraNorms, normName } from '../../src/adapter/dora.ts';
import { initialiseAdapter } from '../../src/adapter/initialise-adapter.ts';
import { readAdapterFolder } from '../../src/adapter/peft/peft-folder.ts';
import { writeAdapterFolder } from '../../src/adapter/peft/write-adapter-folder.ts';
import { loadModel } from '../../src/causal-lm/load-model.ts';
import type { HostTensor, Named } from '../../src/engine/engine.ts';
import { createOnnxEngine } from '../../src/engine/onnx/onnx-engine.ts';
import { InputError } from '../../src/errors.ts';
import { train } from '../../src/index.ts';
import { readSafetensors, writeSafetensors } from '../../src/model/files/safetensors.ts';
import { ModelPrograms } from '../../src/model/model-programs.ts';
import { readModelConfig } from '../../src/model/read-config.ts';
import { batchLogits } from '../../src/model/token-logits.ts';
import { loadWeights } from '../../src/model/weights/load-weights.ts';
import { createPolicy } from '../../src/policy/create-policy.ts';
import { methodOf } from '../../src/policy/method/method-of.ts';
import { startingPoint } from '../../src/policy/method/starting-point.ts';
import { normal, randomStream } from '../../src/random.ts';
import { parseRecipe } from '../../src/recipe/recipe.ts';
import { withCheckpointModel } from '../../src/run/checkpoint/checkpoint-model.ts';
import { loadCheckpoint } from '../../src/run/checkpoint/load-checkpoint.ts';
import { fixtureModel } from '../golden/decoder-golden.ts';
import { fixtures } from '../golden/golden-files.ts';
import { lines } from '../pipeline/run.ts';
import { modelFolder, newPath } from './model-folder.ts';
import { greatestGap, mixed, rollOut, withAdvantages, withReference } from './rollouts.ts';
import { openTinyRecipe, type RecipeOverrides, tinyRecipe, trainedOf } from './tiny-policy.ts';

const engine = createOnnxEngine({ threads: 1 });
afterAll(async () => (await engine).dispose());

const methods = ['lora', 'afa-lora', 'full'] as const;
const json = (...path: string[]) => JSON.parse(readFileSync(join(...path), 'utf8'));

/** Adapters that PEFT wrote, with its logits: test/fixtures/own/adapters/make.py. */
const recordings = join('test', 'fixtures', 'own', 'adapters');

async function recorded(name: string) {
  const folder = join(recordings, name);
  const { base_model: base } = json(folder, 'golden.json');
  const model = await fixtureModel(relative(fixtures, join(recordings, base)));
  const stored = await readSafetensors(join(folder, 'golden.safetensors'));
  const [rows, width] = stored.input_ids!.shape as [number, number];
  const table = (field: string) =>
    Array.from({ length: rows }, (_, b) =>
      Array.from(stored[field]!.data as Int32Array).slice(b * width, (b + 1) * width),
    );
  const batch = { inputIds: table('input_ids'), attentionMask: table('attention_mask') };
  const { vocabSize } = model.config;
  const mask = batch.attentionMask.flat();
  const logits = Array.from(
    stored.logits!.data as Float32Array,
    (z, i) => z * mask[Math.floor(i / vocabSize)]!,
  );
  return { folder, model, batch, logits };
}

describe.each([
  'patterns',
  'bias-all',
  'lora-bias',
  'saved-head',
  'saved-tied-embeddings',
  'dora-patterns',
  'phi3',
  'phi3-dora',
])('a run that starts from the adapter %s', (name) => {
  test.each(methods)('has PEFT’s logits at step 0, and so has its reference: %s', async (method) => {
    const { folder, model, batch, logits } = await recorded(name);
    const recipe = parseRecipe({
      ...tinyRecipe('none'),
      method,
      adapter: { init: folder },
      algorithm: { klCoef: 0.1 },
    });
    const start = await startingPoint(recipe, model);
    const { config } = start.model;
    const trainable = methodOf(recipe, start);
    const programs = new ModelPrograms({ engine: await engine, config, linear: trainable.linear });
    const initial = Object.fromEntries(
      Object.entries(trainable.initial).map(([tensor, { data }]) => [tensor, data]),
    );
    const betas = Array<number>(config.layers).fill(method === 'afa-lora' ? 1 : 0);
    for (const weights of [trainable.weights(initial, betas), trainable.reference!()]) {
      const { data } = await batchLogits(programs, weights, batch);
      expect(greatestGap(data, logits)).toBeLessThan(1e-4);
    }
    await programs.dispose();
  });
});

const RANK = 3;

/** A folder of a trained adapter of rank 3 on q and up, for a model. */
async function adapterFolder(model: string, adapter: object = {}): Promise<string> {
  const recipe = parseRecipe({
    ...tinyRecipe(model),
    method: 'lora',
    adapter: { rank: RANK, alpha: 5, targetModules: ['q_proj', 'up_proj'], ...adapter },
  });
  const config = await readModelConfig(model);
  const spec = adapterSpec(recipe, config);
  const tensors = withSomeB(initialiseAdapter(spec, config, 5));
  const folder = newPath();
  await writeAdapterFolder(folder, { spec, tensors, weights: {}, baseModel: model }, config);
  return folder;
}

function withSomeB(tensors: Named<HostTensor>): Named<HostTensor> {
  const stream = randomStream(4, 'B');
  return Object.fromEntries(
    Object.entries(tensors).map(([name, tensor]) => {
      const data = Float32Array.from(tensor.data, (value) =>
        name.includes('lora_B') ? 0.3 * normal(stream) : value,
      );
      return [name, { ...tensor, data }];
    }),
  );
}

const batch = {
  inputIds: [
    [61, 70, 99, 80, 65],
    [64, 2, 118, 0, 0],
  ],
  attentionMask: [
    [1, 1, 1, 1, 1],
    [1, 1, 1, 0, 0],
  ],
};

/** Logits of a model folder, with an adapter folder if one is given. */
async function logitsOf(model: string, adapter?: string): Promise<Float32Array> {
  const loaded = await loadModel(model, { engine: await engine });
  const { data } = await (adapter === undefined ? loaded : await loaded.withAdapter(adapter)).logits(batch);
  return data;
}

describe.each(methods)('the reference policy of %s with adapter.init', (method) => {
  test('is the loaded adapter, before training and after; KL is 0 at step 0 and not after an update', async () => {
    const model = modelFolder();
    const init = await adapterFolder(model);
    const { policy, recipe } = await openFrom(model, { method, adapter: { init } });
    const rollouts = await withReference(policy, withAdvantages(await rollOut({ policy, recipe }), mixed));
    const first = await policy.update({ objective: 'rl', rollouts });
    expect(Math.abs(first.kl!)).toBeLessThan(1e-6);
    const second = await policy.update({ objective: 'rl', rollouts });
    expect(second.kl).toBeGreaterThan(1e-4);
    const after = await policy.referenceLogprobs(rollouts);
    expect(
      greatestGap(
        after,
        rollouts.map(({ refLogprobs }) => refLogprobs),
      ),
    ).toBe(0);
  });
});

/** `openTiny` with adapter.init, whose rank and modules are the adapter's own. */
async function openFrom(model: string, recipe: RecipeOverrides) {
  const parsed = parseRecipe({
    ...tinyRecipe(model, { algorithm: { klCoef: 0.1 }, optimizer: { lr: 3e-3 }, ...recipe }),
    adapter: recipe.adapter ?? {},
  });
  const policy = await createPolicy(parsed);
  return { policy, recipe: parsed };
}

const STEPS = 4;

describe.each([
  ['lora', {}],
  ['afa-lora', { rank: 2, schedule: { fraction: 0.7 } }],
  ['full', {}],
] as const)('a run of %s with adapter.init', (method, adapter) => {
  const model = modelFolder({ eosTokenIds: [2, 3, 4, 5, 6, 7, 8] });
  const recipe = async (init: string) => ({
    ...tinyRecipe(model, {
      method,
      steps: STEPS,
      sampling: { groupSize: 4, promptsPerStep: 2, maxNewTokens: 4 },
      algorithm: { klCoef: 0.1 },
      optimizer: { lr: 3e-3 },
      eval: { every: 2, tasks: 3 },
    }),
    adapter: { ...adapter, init },
  });

  async function run(out: string, init: string, { steps = STEPS, resume = false } = {}) {
    const stop = new AbortController();
    const events$ = train(await recipe(init), { out, resume, signal: stop.signal });
    const onEvent = tap((event: { type: string; metrics?: { step: number } }) => {
      if (event.metrics?.step === steps - 1 && steps < STEPS) stop.abort();
    });
    return (await lastValueFrom(events$.pipe(onEvent, toArray()))).at(-1)!;
  }

  test('is the same to the bit when stopped and resumed; its files are what was trained', async () => {
    const init = await adapterFolder(model);
    const [whole, pieces] = [newPath(), newPath()];
    expect((await run(whole, init)).type).toBe('done');
    expect((await run(pieces, init, { steps: 2 })).type).toBe('stopped');
    if (method === 'afa-lora') await expectCheckpoint(pieces, parseRecipe(await recipe(init)));
    expect((await run(pieces, init, { resume: true })).type).toBe('done');
    for (const file of ['metrics.jsonl', 'rollouts.jsonl'])
      expect(await lines(pieces, file)).toEqual(await lines(whole, file));
    const weights = (out: string) => readFileSync(join(out, 'merged', 'model.safetensors'));
    expect(weights(pieces).equals(weights(whole))).toBe(true);

    const merged = await logitsOf(join(whole, 'merged'));
    expect(greatestGap(merged, await logitsOf(model, init))).toBeGreaterThan(1e-3);
    expect(existsSync(join(whole, 'base'))).toBe(false);
    if (method === 'full') return;
    // The adapter is for the original model: with afa-lora both adapters in one, of both ranks.
    const settings = json(whole, 'adapter', 'adapter_config.json');
    expect(settings).toMatchObject({
      r: method === 'lora' ? RANK : RANK + 2,
      base_model_name_or_path: model,
    });
    expect(greatestGap(merged, await logitsOf(model, join(whole, 'adapter')))).toBeLessThan(1e-4);
  });

  test('an adapter that has changed is not resumed with', async () => {
    const init = await adapterFolder(model);
    const out = newPath();
    await run(out, init, { steps: 2 });
    cpSync(await adapterFolder(model, { alpha: 7 }), init, { recursive: true });
    await expect(run(out, init, { resume: true })).rejects.toThrow(
      /has changed: model file adapter_config.json/,
    );
  });
});

/** A checkpoint at β above 0 as a model: the adapter that was merged, and the annealed one on it. */
async function expectCheckpoint(out: string, recipe: ReturnType<typeof parseRecipe>): Promise<void> {
  const path = join(out, 'checkpoints', 'step-000002');
  expect(json(path, 'checkpoint.json').beta).toBeGreaterThan(0);
  const policy = await createPolicy(recipe);
  await policy.restore((await loadCheckpoint(path)).policy);
  const expected = await policy.logits(batch);
  const unmerged = await logitsOf(recipe.model, recipe.adapter.init);
  expect(greatestGap(expected.data, unmerged)).toBeGreaterThan(1e-3);
  await withCheckpointModel(path, { recipe, createPolicy, loadModel }, async (model) => {
    expect(greatestGap((await model.logits(batch)).data, expected.data)).toBeLessThan(1e-4);
  });
  await expect(policy.saveAdapter!(newPath())).rejects.toThrow(/can't write the adapter for PEFT: β is/);
  await policy.dispose();
}

describe('a DoRA adapter that is continued', () => {
  const opened = (async () => {
    const model = modelFolder();
    const init = await doraFolder(model);
    const tiny = await openTinyRecipe(
      parseRecipe({ ...tinyRecipe(model, { method: 'lora', optimizer: { lr: 3e-3 } }), adapter: { init } }),
    );
    return { tiny, model, init };
  })();

  test('is sampled from as it is trained: the same log-probs, before an update and after', async () => {
    const { tiny } = await opened;
    for (const _ of [0, 1]) {
      const rollouts = await rollOut(tiny);
      const trained = await tiny.policy.logprobs(rollouts);
      expect(
        greatestGap(
          trained,
          rollouts.map(({ logprobs }) => logprobs),
        ),
      ).toBeLessThan(1e-4);
      await tiny.policy.update({ objective: 'rl', rollouts: withAdvantages(rollouts, mixed) });
    }
  });

  test('changes in A, B and magnitudes, merges, and is written as DoRA', async () => {
    const { tiny, model, init } = await opened;
    const { tensors } = await readAdapterFolder(init, tiny.config);
    const trained = trainedOf(tiny.policy);
    for (const [name, { data }] of Object.entries(tensors))
      expect(greatestGap(trained[name], data), name).toBeGreaterThan(0);
    const { data } = await tiny.policy.logits(batch);
    const [merged, adapter] = [newPath(), newPath()];
    await tiny.policy.saveMerged(merged);
    expect(greatestGap(await logitsOf(merged), data)).toBeLessThan(1e-4);
    expect(greatestGap(await logitsOf(model, init), data)).toBeGreaterThan(1e-3);
    expect(tiny.policy.saveBase).toBeUndefined();
    await tiny.policy.saveAdapter!(adapter);
    expect(json(adapter, 'adapter_config.json')).toMatchObject({ use_dora: true, r: RANK });
    expect(greatestGap(await logitsOf(model, adapter), data)).toBeLessThan(1e-4);
  });
});

/** A folder of a trained DoRA adapter, whose magnitudes are about the norms of the adapted rows. */
async function doraFolder(model: string): Promise<string> {
  const folder = await adapterFolder(model);
  const config = await readModelConfig(model);
  const { spec, tensors } = await readAdapterFolder(folder, config);
  const stream = randomStream(6, 'magnitudes');
  const norms = doraNorms({ ...spec, dora: true }, tensors, await loadWeights(model, config));
  const magnitudes = Object.keys(spec.modules).map((module): [string, HostTensor] => {
    const norm = norms[normName(module)]!;
    const data = Float32Array.from(norm.data, (value) => value * (1 + 0.2 * normal(stream)));
    return [adapterNames(module).magnitude, { ...norm, data }];
  });
  const dora = { spec: { ...spec, dora: true }, tensors: { ...tensors, ...Object.fromEntries(magnitudes) } };
  await writeAdapterFolder(folder, { ...dora, weights: {}, baseModel: model }, config);
  return folder;
}

describe('an adapter that plain LoRA cannot say', () => {
  test.each(methods)('gets the model that it is put on written beside it: %s', async (method) => {
    const model = modelFolder();
    const init = await adapterFolder(model);
    await bringHead(model, init);
    const { policy } = await openFrom(model, { method, adapter: { init } });
    expect(greatestGap((await policy.logits(batch)).data, await logitsOf(model, init))).toBeLessThan(1e-4);
    if (method === 'full') {
      expect(policy.saveBase).toBeUndefined();
      return;
    }
    const [base, adapter] = [newPath(), newPath()];
    await policy.saveBase!(base);
    expect(json(base, 'config.json').tie_word_embeddings).toBe(false);
    if (method === 'lora') {
      await policy.saveAdapter!(adapter, base);
      const settings = json(adapter, 'adapter_config.json');
      expect(settings).toMatchObject({ base_model_name_or_path: base, modules_to_save: null });
      expect(greatestGap(await logitsOf(base, adapter), await logitsOf(model, init))).toBeLessThan(1e-4);
    } else expect(greatestGap(await logitsOf(base), await logitsOf(model, init))).toBeLessThan(1e-4);
    await policy.dispose();
  });
});

test('an adapter on weights that were drawn at random gets those written beside it', async () => {
  const model = modelFolder();
  const { policy } = await openFrom(model, { method: 'lora', freshWeights: true, adapter: {} });
  const [base, adapter] = [newPath(), newPath()];
  await policy.saveBase!(base);
  await policy.saveAdapter!(adapter, base);
  expect(json(adapter, 'adapter_config.json').base_model_name_or_path).toBe(base);
  const { data } = await policy.logits(batch);
  expect(greatestGap(await logitsOf(base, adapter), data)).toBeLessThan(1e-4);
  expect(greatestGap(await logitsOf(model), data)).toBeGreaterThan(1e-3);
  await policy.dispose();
});

/** Adds a head of its own to an adapter's file: PEFT's modules_to_save. */
async function bringHead(model: string, folder: string): Promise<void> {
  const { vocabSize, hiddenSize } = await readModelConfig(model);
  const path = join(folder, 'adapter_model.safetensors');
  const stream = randomStream(9, 'head');
  const data = Float32Array.from({ length: vocabSize * hiddenSize }, () => 0.3 * normal(stream));
  const stored = (await readSafetensors(path)) as Parameters<typeof writeSafetensors>[1];
  const head = { data, shape: [vocabSize, hiddenSize] };
  await writeSafetensors(path, { ...stored, 'base_model.model.lm_head.weight': head });
  const config = { ...json(folder, 'adapter_config.json'), modules_to_save: ['lm_head'] };
  writeFileSync(join(folder, 'adapter_config.json'), JSON.stringify(config));
}

describe('adapter.init is refused', () => {
  const model = modelFolder();
  const open = (recipe: RecipeOverrides) => openFrom(model, recipe);

  test.each([
    [{ rank: 4 }, 'adapter.rank is 4, but that of the adapter in adapter.init is 3'],
    [{ alpha: 4 }, 'adapter.alpha is 4, but that of the adapter in adapter.init is 5'],
    [{ rsLora: true }, 'adapter.rsLora is true, but that of the adapter in adapter.init is false'],
    [
      { targetModules: ['q_proj'] },
      'adapter.targetModules is ["q_proj"], but that of the adapter in adapter.init is ["q_proj","up_proj"]',
    ],
  ])('by method lora where the recipe says otherwise: %j', async (adapter, message) => {
    const init = await adapterFolder(model);
    await expect(open({ method: 'lora', adapter: { ...adapter, init } })).rejects.toThrow(InputError);
    await expect(open({ method: 'lora', adapter: { ...adapter, init } })).rejects.toThrow(message);
  });

  test('by method lora no more where the recipe says the same', async () => {
    const init = await adapterFolder(model);
    const adapter = { init, rank: RANK, alpha: 5, targetModules: ['up_proj', 'q_proj'] };
    const { policy } = await open({ method: 'lora', adapter });
    expect(policy.notes).toEqual([]);
    await policy.dispose();
    const own = await open({ method: 'lora', adapter: { init } });
    expect(own.policy.notes).toEqual(['adapter.init is continued with its own rank 3 and alpha 5']);
    await own.policy.dispose();
  });

  test('when no adapter is there, β is not 0 yet, or weights are fresh', async () => {
    await expect(open({ adapter: { init: newPath() } })).rejects.toThrow('does not exist');
    const init = await adapterFolder(model);
    const afa = { activation: 'silu', placement: 'A-s-B', schedule: { fraction: 0.3 }, steps: 9, step: 1 };
    writeFileSync(join(init, 'afa.json'), JSON.stringify({ ...afa, beta: [0, 0.5] }));
    await expect(open({ adapter: { init } })).rejects.toThrow(
      /is at β = 0.5: a run starts from an adapter at β = 0/,
    );
    await expect(open({ adapter: { init }, freshWeights: true })).rejects.toThrow(
      /adapter.init.*does not go with freshWeights/,
    );
  });

  test('by methods that merge it where it can’t be merged', async () => {
    const { folder, model: base } = await recorded('lora-bias-unmergeable');
    for (const method of methods) {
      const recipe = parseRecipe({
        ...tinyRecipe('none'),
        method,
        adapter: { init: folder },
        algorithm: { klCoef: 0.1 },
      });
      await expect(startingPoint(recipe, base)).rejects.toThrow("can't merge: the adapter has a bias for");
    }
  });
});
