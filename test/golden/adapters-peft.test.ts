import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { scalingOf } from '../../src/adapter/adapter-spec.ts';
import { adapterShapes } from '../../src/adapter/adapter-tensors.ts';
import { adaptedLinear } from '../../src/adapter/afa-lora.ts';
import { mergeAdapter } from '../../src/adapter/merge.ts';
import { readAdapterFolder } from '../../src/adapter/peft-folder.ts';
import { readSafetensors, type StoredTensor } from '../../src/model/files/safetensors.ts';
import { engines } from '../model/decoder-programs.ts';
import { fixtureModel, GoldenRun, goldenBatch, realPairs, realValues } from './decoder-golden.ts';
import { fixtures, foldersWith, knownFields, readGolden } from './golden-files.ts';
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

for (const name of foldersWith('adapters', 'adapter_config.json')) {
  const folder = join('adapters', name);
  const peft = readGolden(folder, 'adapter_config.json');
  const base = join('adapters', name, peft.base_model_name_or_path);
  if (peft.use_dora) test(`${folder} is refused by name`, () => checkRefusal(folder, base, 'use_dora'));
  else describe.each(engines)(`${folder} on %s`, (_, open) => checkAdapter(folder, base, open));
}

async function checkRefusal(folder: string, base: string, setting: string): Promise<void> {
  const { config } = await fixtureModel(base);
  await expect(readAdapterFolder(join(fixtures, folder), config)).rejects.toThrow(setting);
}

function checkAdapter(folder: string, base: string, open: (typeof engines)[number][1]): void {
  const engine = open();
  afterAll(async () => (await engine).dispose());
  const load = async () => {
    const { config, weights } = await fixtureModel(base);
    const { spec, tensors } = await readAdapterFolder(join(fixtures, folder), config);
    const stored = await readSafetensors(join(fixtures, folder, 'golden.safetensors'));
    const batch = await goldenBatch(join(folder, 'golden.safetensors'));
    return { config, weights, spec, tensors, stored, batch };
  };

  test('the adapted modules, their rank and scaling', async () => {
    const golden = readGolden(folder, 'golden.json');
    knownFields(golden, knownJson, folder);
    const { config, spec } = await load();
    const ours = spec.modules.map((module) => [module, { r: spec.rank, scaling: scalingOf(spec) }]);
    expect(Object.fromEntries(ours)).toEqual(golden.modules);
    expect(adapterShapes(spec, config)).toEqual(golden.adapter_tensors);
  });

  test('logits, log-probs and gradients with the adapter', async () => {
    const { config, weights, spec, tensors, stored, batch } = await load();
    const run = new GoldenRun(await engine, config, { ...weights, ...tensors }, (linear, inputs) =>
      adaptedLinear(spec, linear, inputs),
    );
    const { logits } = await run.forward(batch);
    expectNear(logits!, realValues(floatsOf(stored.logits!), batch, config.vocabSize), 'logits', {
      atol: 2e-4,
    });
    const { logprobs, gradients } = await run.score(batch, Object.keys(tensors));
    const { objective_value } = readGolden(folder, 'golden.json');
    expectNear([logprobs.reduce((sum, value) => sum + value, 0)], [objective_value], 'objective', {
      atol: 1e-3,
    });
    expectNear(logprobs, realPairs(floatsOf(stored.token_logprobs!), batch), 'log-probs', { atol: 2e-4 });
    for (const [name, gradient] of Object.entries(gradients)) {
      expectNearNorm(gradient.data, floatsOf(stored[`grad.${name}`]!), `grad.${name}`, 1e-3);
    }
  });

  test('merged weights and their logits', async () => {
    const { config, weights, spec, tensors, stored, batch } = await load();
    const merged = mergeAdapter(weights, { spec, tensors, betas: [0, 0], zeroStep: 0 });
    const recorded = Object.keys(stored).filter((field) => field.startsWith('merged.'));
    const read = ['input_ids', 'attention_mask', 'position_ids', 'logits', 'token_logprobs', 'logits_merged'];
    knownFields(
      stored,
      [...read, ...recorded, ...Object.keys(tensors).map((name) => `grad.${name}`)],
      folder,
    );
    expect(recorded.length).toBeGreaterThan(0);
    for (const field of recorded) {
      const ours = merged[field.slice('merged.'.length)]!;
      expectNear(ours.data, floatsOf(stored[field]!), field, { atol: 1e-6 });
    }
    const { logits } = await new GoldenRun(await engine, config, merged).forward(batch);
    const expected = realValues(floatsOf(stored.logits_merged!), batch, config.vocabSize);
    expectNear(logits!, expected, 'logits_merged', { atol: 2e-4 });
  });
}

const floatsOf = ({ data }: StoredTensor): Float32Array => data as Float32Array;
