import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { type AdapterSpec, adapterSpec, scalingOf } from '../../src/adapter/adapter-spec.ts';
import { adapterNames, adapterShapes } from '../../src/adapter/adapter-tensors.ts';
import { adaptedLinear, BETA } from '../../src/adapter/afa-lora.ts';
import { mergeAdapter } from '../../src/adapter/merge.ts';
import type { HostTensor, Named } from '../../src/engine/engine.ts';
import type { ModelConfig } from '../../src/model/config/model-config.ts';
import { readSafetensors, type StoredTensor } from '../../src/model/files/safetensors.ts';
import { engines } from '../model/decoder-programs.ts';
import { fixtureModel, GoldenRun, goldenBatch, realPairs, realValues } from './decoder-golden.ts';
import { fixtures, type Json, knownFields, readGolden } from './golden-files.ts';
import { expectNear, expectNearNorm, floats, hostTensor } from './golden-tensors.ts';

const folder = join('adapters', 'afa');
const names = readdirSync(join(fixtures, folder))
  .filter((file) => file.endsWith('.json') && !['linear.json', 'phi.json', 'schedule.json'].includes(file))
  .map((file) => file.slice(0, -'.json'.length));

const knownJson = [
  'base_model',
  'activation',
  'placement',
  'r',
  'lora_alpha',
  'scaling',
  'use_rslora',
  'dropout',
  'target_modules',
  'b_values',
  'grad_b',
  'objective',
  'objective_value',
  'grad_norms_A_B',
  'checks',
  'seed',
  'versions',
];

for (const name of names)
  describe.each(engines)(`adapters/afa/${name} on %s`, (_, open) => checkAdapter(name, open));

function checkAdapter(name: string, open: (typeof engines)[number][1]): void {
  const engine = open();
  afterAll(async () => (await engine).dispose());
  const golden = readGolden(folder, `${name}.json`);
  knownFields(golden, knownJson, name);

  const load = async () => {
    const path = join(folder, `${name}.safetensors`);
    const { config, weights } = await fixtureModel(golden.base_model);
    const spec = specOf(golden, config);
    const [stored, batch] = [await readSafetensors(join(fixtures, path)), await goldenBatch(path)];
    const tensors = Object.fromEntries(
      Object.keys(adapterShapes(spec, config)).map((tensor) => [tensor, hostTensor(stored[tensor]!)]),
    );
    const at = async (beta: number, base: Named<HostTensor> = weights) => {
      const inputs = { ...base, ...tensors, [BETA]: floats(Array<number>(config.layers).fill(beta)) };
      return new GoldenRun(await engine, config, inputs, (linear, given) =>
        adaptedLinear(spec, linear, given),
      );
    };
    return { config, weights, spec, tensors, stored, batch, at };
  };

  test('the settings give the recorded scaling, and every recorded tensor is one this test reads', async () => {
    const { config, spec, stored } = await load();
    for (const adapted of Object.values(spec.modules))
      expect(scalingOf(adapted, spec.rsLora)).toBe(golden.scaling);
    const read = [
      'input_ids',
      'attention_mask',
      'position_ids',
      'logits.merged',
      ...golden.b_values.flatMap((b: number) => [`logits.b${b}`, `token_logprobs.b${b}`]),
      ...Object.keys(adapterShapes(spec, config)),
      ...Object.keys(spec.modules).flatMap((module) => [
        `grad.${module}.lora_A`,
        `grad.${module}.lora_B`,
        `merged.${module}.weight`,
      ]),
    ];
    knownFields(stored, read, name);
    expect(Object.keys(stored).filter((field) => field.startsWith('grad.'))).toHaveLength(
      2 * Object.keys(spec.modules).length,
    );
  });

  test.each(golden.b_values as number[])('logits and log-probs at β = %d', async (beta) => {
    const { config, stored, batch, at } = await load();
    const run = await at(beta);
    const { logits } = await run.forward(batch);
    expectNear(logits!, realValues(floatsOf(stored[`logits.b${beta}`]!), batch, config.vocabSize), 'logits', {
      atol: 2e-4,
    });
    const { logprobs } = await run.score(batch);
    expectNear(logprobs, realPairs(floatsOf(stored[`token_logprobs.b${beta}`]!), batch), 'log-probs', {
      atol: 2e-4,
    });
  });

  test('gradients of the summed log-probs', async () => {
    const { config, spec, stored, batch, at } = await load();
    const wrt = Object.keys(adapterShapes(spec, config));
    const { logprobs, gradients } = await (await at(golden.grad_b)).score(batch, wrt);
    const sum = logprobs.reduce((total, value) => total + value, 0);
    expectNear([sum], [golden.objective_value], 'objective', { atol: 1e-3 });
    for (const module of Object.keys(spec.modules)) {
      const { a, b } = adapterNames(module);
      const [normA, normB] = golden.grad_norms_A_B[module];
      for (const [tensor, matrix, recordedNorm] of [
        [a, 'lora_A', normA],
        [b, 'lora_B', normB],
      ] as const) {
        const gradient = gradients[tensor]!;
        const expected = stored[`grad.${module}.${matrix}`]!;
        expect(gradient.shape).toEqual(expected.shape);
        expectNearNorm(gradient.data, floatsOf(expected), `${module} ${matrix}`, 1e-3);
        expectNear([Math.hypot(...gradient.data)], [recordedNorm], `norm of ${module} ${matrix}`, {
          atol: 0,
          rtol: 1e-3,
        });
      }
    }
  });

  test('merged weights, their logits, and the adapter at β = 0', async () => {
    const { config, weights, spec, tensors, stored, batch, at } = await load();
    const merged = mergeAdapter(weights, { spec, tensors, betas: [0, 0], zeroStep: 1 });
    const recorded = Object.keys(stored).filter((field) => field.startsWith('merged.'));
    expect(recorded.length).toBeGreaterThan(0);
    for (const field of recorded) {
      expectNear(merged[field.slice('merged.'.length)]!.data, floatsOf(stored[field]!), field, {
        atol: 1e-6,
      });
    }
    const { logits } = await new GoldenRun(await engine, config, merged).forward(batch);
    const expected = realValues(floatsOf(stored['logits.merged']!), batch, config.vocabSize);
    expectNear(logits!, expected, 'logits.merged', { atol: 2e-4 });
    expectNear(logits!, (await (await at(0)).forward(batch)).logits!, 'β = 0', { atol: 5e-5 });
  });
}

function specOf(golden: Json, config: ModelConfig): AdapterSpec {
  expect(golden.dropout).toBe(0);
  const adapter = {
    rank: golden.r,
    alpha: golden.lora_alpha,
    rsLora: golden.use_rslora,
    targetModules: golden.target_modules,
    placement: golden.placement,
    activation: golden.activation,
    schedule: { kind: 'linear' as const, fraction: 1 },
  };
  return adapterSpec({ method: 'afa-lora', adapter }, config);
}

const floatsOf = ({ data }: StoredTensor): Float32Array => data as Float32Array;
