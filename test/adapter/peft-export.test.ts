import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import { adapterNames } from '../../src/adapter/adapter-tensors.ts';
import { peftExport, servingNotes } from '../../src/adapter/peft/peft-export.ts';
import { readAdapterFolder } from '../../src/adapter/peft/peft-folder.ts';
import { writeAdapterFolder } from '../../src/adapter/peft/write-adapter-folder.ts';
import { mergedBase, type StoredAdapter } from '../../src/adapter/stored-adapter.ts';
import type { HostTensor, Named } from '../../src/engine/engine.ts';
import { InputError } from '../../src/errors.ts';
import { fixtureModel } from '../golden/decoder-golden.ts';
import { fixtures } from '../golden/golden-files.ts';
import { expectNear } from '../golden/golden-tensors.ts';
import { temporaryFolders } from '../io/temporary-folder.ts';
import { config, makeSpec, randomAdapter } from './adapter-fixture.ts';

// That PEFT computes the same from these folders is checked by test/interop/peft.

const newFolder = temporaryFolders();
const recordings = join('test', 'fixtures', 'own', 'adapters');
const json = (...path: string[]) => JSON.parse(readFileSync(join(...path), 'utf8'));

/** A recorded adapter and its base model. */
async function recorded(name: string) {
  const { base_model: base } = json(recordings, name, 'golden.json');
  const model = await fixtureModel(relative(fixtures, join(recordings, base)));
  return { model, adapter: await readAdapterFolder(join(recordings, name), model.config) };
}

function expectWeights(ours: Named<HostTensor>, theirs: Named<HostTensor>): void {
  expect(Object.keys(ours)).toEqual(Object.keys(theirs));
  for (const [name, { data }] of Object.entries(theirs))
    expectNear(ours[name]!.data, data, name, { atol: 2e-6 });
}

const plain = (adapter: object = {}): StoredAdapter => {
  const spec = makeSpec(adapter, 'lora');
  return { spec, tensors: randomAdapter(spec), weights: {}, baseModel: 'some/model' };
};

describe('an exported adapter', () => {
  const names = readdirSync(recordings).filter((name) => {
    if (['bases', 'make.py'].includes(name)) return false;
    // Replaced weights go into a base model beside the adapter; a bias that cannot be merged is compared by interop.
    return !/^(saved|bias)-|unmergeable/.test(name);
  });

  test.each(names)('is the adapter that was read, with one rank and alpha: %s', async (name) => {
    const { model, adapter } = await recorded(name);
    const folder = newFolder();
    await writeAdapterFolder(folder, adapter, model.config);
    const settings = json(folder, 'adapter_config.json');
    expect(settings).not.toHaveProperty('rank_pattern');
    expect(settings).not.toHaveProperty('alpha_pattern');
    expect(settings).toMatchObject({ bias: 'none', modules_to_save: null, peft_type: 'LORA' });
    const again = await readAdapterFolder(folder, model.config);
    const ranks = Object.values(again.spec.modules).map(({ rank }) => rank);
    expect(new Set(ranks)).toEqual(new Set([settings.r]));
    expect(Object.keys(again.spec.modules)).toEqual(Object.keys(adapter.spec.modules));
    expectWeights(mergedBase(model, again).weights, mergedBase(model, adapter).weights);
  });

  test('keeps rank, alpha and every bit where modules have the same', () => {
    const adapter = plain({ rank: 3, alpha: 5, rsLora: true });
    const { config: settings, tensors } = peftExport(adapter, config);
    expect(settings).toMatchObject({ r: 3, lora_alpha: 5, use_rslora: true });
    expect(Object.keys(tensors)).toEqual(Object.keys(adapter.tensors));
    for (const [name, { data }] of Object.entries(tensors)) expect(data).toEqual(adapter.tensors[name]!.data);
  });

  test('lets B carry the scaling where modules differ in it', () => {
    const uniform = plain({ targetModules: ['q_proj', 'v_proj'], rank: 2, alpha: 3 });
    const [first, ...others] = Object.entries(uniform.spec.modules);
    const modules = Object.fromEntries([[first![0], { rank: 2, alpha: 6 }], ...others]);
    const adapter = { ...uniform, spec: { ...uniform.spec, modules } };
    const { config: settings, tensors } = peftExport(adapter, config);
    expect(settings).toMatchObject({ r: 2, lora_alpha: 2, use_rslora: false });
    const { a, b } = adapterNames(first![0]);
    expect(tensors[a]!.data).toEqual(adapter.tensors[a]!.data);
    expect(tensors[b]!.data).toEqual(Float32Array.from(adapter.tensors[b]!.data, (value) => value * 3));
  });

  test('names modules shortly where that means the same ones', () => {
    const short = peftExport(plain({ targetModules: ['q_proj', 'up_proj'] }), config);
    expect(short.config.target_modules).toEqual(['q_proj', 'up_proj']);
    const one = 'model.layers.1.mlp.up_proj';
    expect(peftExport(plain({ targetModules: [one] }), config).config.target_modules).toEqual([one]);
  });

  test.each([
    ['patterns', { targetModules: ['q_proj', 'k_proj'], rank: 3, alpha: 4 }],
    ['phi3', { targetModules: ['k_proj', 'down_proj'], rank: 2, alpha: 1 }],
  ])(
    'holds the adapter under it: merged once, it is both merged one after the other: %s',
    async (name, own) => {
      const { model, adapter: under } = await recorded(name);
      const spec = makeSpec(own, 'lora', model.config);
      const adapter = { spec, tensors: randomAdapter(spec, model.config), weights: {}, baseModel: 'base' };
      const folder = newFolder();
      await writeAdapterFolder(folder, { ...adapter, under }, model.config);
      const stacked = await readAdapterFolder(folder, model.config);
      const expected = mergedBase(mergedBase(model, under), adapter);
      expectWeights(mergedBase(model, stacked).weights, expected.weights);
      expectWeights(mergedBase(model, { ...adapter, under }).weights, expected.weights);
    },
  );

  test('that replaces weights, or lies on DoRA, is not written without them', async () => {
    for (const name of ['saved-head', 'bias-all']) {
      const { model, adapter } = await recorded(name);
      const writing = writeAdapterFolder(newFolder(), adapter, model.config);
      await expect(writing).rejects.toThrow(InputError);
      await expect(writing).rejects.toThrow(/replaces weights of its model \(.*merge it instead/);
    }
    const { model, adapter: under } = await recorded('dora-patterns');
    const spec = makeSpec({ targetModules: ['q_proj'] }, 'lora', model.config);
    const own = { spec, tensors: randomAdapter(spec, model.config), weights: {}, baseModel: undefined };
    await expect(writeAdapterFolder(newFolder(), { ...own, under }, model.config)).rejects.toThrow(
      InputError,
    );
  });

  test('of a fused layer has no larger rank than the one that it was read from', async () => {
    const { model, adapter } = await recorded('phi3-all-linear');
    const { r, target_modules, use_rslora } = peftExport(adapter, model.config).config;
    const given = json(recordings, 'phi3-all-linear', 'adapter_config.json');
    expect([r, use_rslora]).toEqual([given.r, given.use_rslora]);
    expect(target_modules).toEqual(['qkv_proj', 'o_proj', 'gate_up_proj', 'down_proj']);
  });

  test.each([
    [16, []],
    [17, ['the adapter has rank 17: vLLM takes it with --max-lora-rank 32']],
    [64, ['the adapter has rank 64: vLLM takes it with --max-lora-rank 64']],
    [600, ['vLLM takes adapters up to rank 512, this one has 600: serve the merged model']],
  ])('of rank %d says what vLLM needs', (r, notes) => {
    const settings = { r, lora_alpha: r, use_rslora: false, lora_bias: false, target_modules: [] };
    expect(servingNotes({ ...settings, use_dora: false })).toEqual(notes);
    expect(servingNotes({ ...settings, use_dora: true })).toEqual([
      'vLLM has no DoRA: serve the merged model',
    ]);
  });
});
