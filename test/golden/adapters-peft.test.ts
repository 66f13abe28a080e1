import { join, relative } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { adapterInputs } from '../../src/adapter/adapter-inputs.ts';
import { scalingOf } from '../../src/adapter/adapter-spec.ts';
import { adapterNames, adapterShapes } from '../../src/adapter/adapter-tensors.ts';
import { adaptedLinear } from '../../src/adapter/afa-lora.ts';
import { readAdapterFolder } from '../../src/adapter/peft/peft-folder.ts';
import { mergedBase, mountingBase } from '../../src/adapter/stored-adapter.ts';
import { storedLinears } from '../../src/adapter/target-modules.ts';
import type { HostTensor, Named } from '../../src/engine/engine.ts';
import { InputError } from '../../src/errors.ts';
import type { ModelConfig } from '../../src/model/config/model-config.ts';
import { readSafetensors, type StoredTensor } from '../../src/model/files/safetensors.ts';
import { engines } from '../model/decoder-programs.ts';
import { fixtureModel, GoldenRun, goldenBatch, realPairs, realValues } from './decoder-golden.ts';
import { fixtures, foldersWith, type Json, knownFields, readGolden } from './golden-files.ts';
import { expectNear, expectNearNorm } from './golden-tensors.ts';

/** The batch, its log-probs and the list of merged modules are in golden.safetensors too. */
const knownJson = [
  'adapter',
  'base_model',
  'lora_config_given',
  'modules',
  'merged_projections',
  'objective_value',
  'seed',
  'checks',
  'adapter_tensors',
  'input_ids',
  'attention_mask',
  'token_logprobs',
  'versions',
];

/** Recorded by test/fixtures/own/adapters/make.py, wherever FIXTURES points. */
const own = relative(fixtures, join('test', 'fixtures', 'own', 'adapters'));

for (const root of ['adapters', own]) {
  for (const name of foldersWith(root, 'adapter_config.json')) {
    const folder = join(root, name);
    const title = `adapters/${name}`;
    const base = join(folder, readGolden(folder, 'adapter_config.json').base_model_name_or_path);
    const refused = refusedSetting(readGolden(folder, 'adapter_config.json'));
    if (refused) test(`${title} is refused by name`, () => checkRefusal(folder, base, refused));
    else describe.each(engines)(`${title} on %s`, (_, open) => checkAdapter(folder, base, open));
  }
}

/** A setting that is on and that can't be computed here. */
function refusedSetting(peft: Json): string | undefined {
  const settings = [
    'trainable_token_indices',
    'target_parameters',
    'layer_replication',
    'alora_invocation_tokens',
    'megatron_config',
    'velora_config',
    'monteclora_config',
    'kasa_config',
    'arrow_config',
    'use_bdlora',
    'use_qalora',
  ];
  const others = ['lm_head', 'embed_tokens'];
  const target = others.find((name) => [peft.target_modules].flat().includes(name));
  return (
    target ?? settings.find((name) => peft[name] !== undefined && peft[name] !== null && peft[name] !== false)
  );
}

async function checkRefusal(folder: string, base: string, name: string): Promise<void> {
  const { config } = await fixtureModel(base);
  const reading = readAdapterFolder(join(fixtures, folder), config);
  await expect(reading).rejects.toThrow(InputError);
  await expect(reading).rejects.toThrow(name);
}

function checkAdapter(folder: string, base: string, open: (typeof engines)[number][1]): void {
  const engine = open();
  afterAll(async () => (await engine).dispose());
  const golden = readGolden(folder, 'golden.json');
  const load = async () => {
    const model = await fixtureModel(base);
    const stored = await readAdapterFolder(join(fixtures, folder), model.config);
    const recorded = await readSafetensors(join(fixtures, folder, 'golden.safetensors'));
    const batch = await goldenBatch(join(folder, 'golden.safetensors'));
    return { model, stored, recorded, batch };
  };

  test('the adapted modules, their rank and scaling, and what the file holds', async () => {
    knownFields(golden, knownJson, folder);
    const { model, stored } = await load();
    const { spec, weights } = stored;
    const ours = Object.entries(storedLinears(model.config)).flatMap(([path, parts]) => {
      const [adapted, ...others] = parts.map((part) => spec.modules[part]);
      for (const other of others) expect(other).toEqual(adapted);
      return adapted ? [[path, { r: adapted.rank, scaling: scalingOf(adapted, spec.rsLora) }]] : [];
    });
    expect(Object.fromEntries(ours)).toEqual(golden.modules);
    const shapes = [
      ...Object.entries(wholeShapes(adapterShapes(spec, model.config), model.config)),
      ...Object.entries(weights).map(([name, { shape }]) => [`base_model.model.${name}`, shape] as const),
    ];
    const recorded = Object.entries(golden.adapter_tensors).map(
      ([name, shape]) => [name.replace('.base_layer.', '.'), shape] as const,
    );
    expect(Object.fromEntries(shapes)).toEqual(Object.fromEntries(recorded));
  });

  test('logits, log-probs and gradients with the adapter', async () => {
    const { model, stored, recorded, batch } = await load();
    const { spec, tensors } = stored;
    const { config, weights } = mountingBase(model, stored);
    const betas = Array<number>(config.layers).fill(0);
    const inputs = { ...weights, ...adapterInputs(spec, { tensors, betas, base: weights }) };
    const run = new GoldenRun(await engine, config, inputs, (linear, given) =>
      adaptedLinear(spec, linear, given),
    );
    const { logits } = await run.forward(batch);
    expectNear(logits!, realValues(floatsOf(recorded.logits!), batch, config.vocabSize), 'logits', {
      atol: 2e-4,
    });
    const recordedGradients = Object.keys(recorded).flatMap((field) =>
      field.startsWith('grad.') ? [field.slice('grad.'.length)] : [],
    );
    const whole = recordedGradients.flatMap((name) => {
      const own = name.replace('base_model.model.', '').replace('.base_layer.', '.');
      return own in weights ? [[name, own] as const] : [];
    });
    const wrt = [...Object.keys(tensors), ...whole.map(([, own]) => own)];
    const { logprobs, gradients } = await run.score(batch, wrt);
    expectNear([logprobs.reduce((sum, value) => sum + value, 0)], [golden.objective_value], 'objective', {
      atol: 1e-3,
    });
    expectNear(logprobs, realPairs(floatsOf(recorded.token_logprobs!), batch), 'log-probs', { atol: 2e-4 });
    const found: Record<string, ArrayLike<number>> = {
      ...wholeTensors(gradients, config),
      ...Object.fromEntries(whole.map(([name, own]) => [name, gradients[own]!.data])),
    };
    expect(Object.keys(found).sort()).toEqual(recordedGradients.sort());
    for (const [name, gradient] of Object.entries(found)) {
      expectNearNorm(gradient, floatsOf(recorded[`grad.${name}`]!), `grad.${name}`, 1e-3);
    }
  });

  test('merged weights and their logits', async () => {
    const { model, stored, recorded, batch } = await load();
    if (recorded.logits_merged === undefined) {
      // PEFT can't merge it either.
      expect(() => mergedBase(model, stored)).toThrow(InputError);
      expect(() => mergedBase(model, stored)).toThrow("can't merge: the adapter has a bias for");
      return;
    }
    const { config, weights } = mergedBase(model, stored);
    const merged = Object.keys(recorded).filter((field) => field.startsWith('merged.'));
    const read = ['input_ids', 'attention_mask', 'position_ids', 'logits', 'token_logprobs', 'logits_merged'];
    const gradients = Object.keys(recorded).filter((field) => field.startsWith('grad.'));
    knownFields(recorded, [...read, ...merged, ...gradients], folder);
    expect(merged.length).toBeGreaterThan(0);
    for (const field of merged) {
      const [path, kind] = [field.slice('merged.'.length, field.lastIndexOf('.')), field.split('.').at(-1)];
      const parts = (storedLinears(config)[path] ?? [path]).map((part) => weights[`${part}.${kind}`]!);
      const ours = parts.flatMap(({ data }) => [...data]);
      expectNear(ours, floatsOf(recorded[field]!), field, { atol: 1e-6 });
    }
    const { logits } = await new GoldenRun(await engine, config, weights).forward(batch);
    const expected = realValues(floatsOf(recorded.logits_merged!), batch, config.vocabSize);
    expectNear(logits!, expected, 'logits_merged', { atol: 2e-4 });
  });
}

const kinds = ['a', 'b', 'bias', 'magnitude'] as const;

/** Shapes by the names of the layers that the checkpoint stores: parts stand one below the other, and share A. */
function wholeShapes(shapes: Readonly<Record<string, readonly number[]>>, config: ModelConfig) {
  const whole: Record<string, number[]> = {};
  for (const [path, parts] of Object.entries(storedLinears(config))) {
    for (const kind of kinds) {
      const own = parts.flatMap((part) =>
        shapes[adapterNames(part)[kind]] ? [shapes[adapterNames(part)[kind]]!] : [],
      );
      if (own.length === 0) continue;
      const rows = kind === 'a' ? own[0]![0]! : own.reduce((sum, [out]) => sum + out!, 0);
      whole[adapterNames(path)[kind]] = [rows, ...own[0]!.slice(1)];
    }
  }
  return whole;
}

/** Gradients by the same names: those of a shared A add up. */
function wholeTensors(tensors: Named<HostTensor>, config: ModelConfig): Record<string, number[]> {
  const whole: Record<string, number[]> = {};
  for (const [path, parts] of Object.entries(storedLinears(config))) {
    for (const kind of kinds) {
      const own = parts.flatMap((part) =>
        tensors[adapterNames(part)[kind]] ? [tensors[adapterNames(part)[kind]]!] : [],
      );
      if (own.length === 0) continue;
      whole[adapterNames(path)[kind]] =
        kind === 'a'
          ? Array.from(own[0]!.data, (_, i) => own.reduce((sum, { data }) => sum + data[i]!, 0))
          : own.flatMap(({ data }) => [...data]);
    }
  }
  return whole;
}

const floatsOf = ({ data }: StoredTensor): Float32Array => data as Float32Array;
