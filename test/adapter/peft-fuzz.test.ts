import fc from 'fast-check';
import { expect, test } from 'vitest';
import { adapterShapes } from '../../src/adapter/adapter-tensors.ts';
import { parsePeftConfig } from '../../src/adapter/peft/peft-config.ts';
import { peftModules } from '../../src/adapter/peft/peft-modules.ts';
import { adapterTensors } from '../../src/adapter/peft/peft-tensors.ts';
import { InputError } from '../../src/errors.ts';
import type { StoredTensor } from '../../src/model/files/safetensors.ts';
import { config, makeSpec, randomAdapter } from './adapter-fixture.ts';

const spec = makeSpec({ targetModules: ['q_proj', 'up_proj'] }, 'lora');
const plain = { peft_type: 'LORA', r: 3, lora_alpha: 6, target_modules: ['q_proj', 'up_proj'] };
const tensors = Object.fromEntries(
  Object.entries(randomAdapter(spec)).map(([name, { data, shape }]) => [
    name,
    { data, shape, dtype: 'F32' } as StoredTensor,
  ]),
);

/** Names and expressions, near what modules are called and far from it. */
const name = fc.oneof(
  fc.constantFrom('q_proj', 'up_proj', 'lm_head', 'model', 'layers', 'norm', '', '.', '0', 'model.layers.1'),
  fc.constantFrom('.*', '(', '[', '\\', '.*\\.(0|1)\\..*', '(?P<x>q)_proj', '(?i)Q_PROJ', '^', '$', 'a{2,1}'),
  fc.string({ maxLength: 6 }),
);
const number = fc.oneof(fc.constantFrom(3, 6, 0, -1, 1.5, 1e9), fc.double());
const record = fc.dictionary(name, number, { maxKeys: 3 });
const setting = fc.oneof(
  fc.jsonValue(),
  fc.boolean(),
  number,
  name,
  record,
  fc.array(name, { maxLength: 3 }),
  fc.array(fc.integer({ min: -1, max: 3 }), { maxLength: 3 }),
);
const settings = fc.dictionary(
  fc.constantFrom(
    ...['r', 'lora_alpha', 'rank_pattern', 'alpha_pattern', 'target_modules', 'exclude_modules', 'peft_type'],
    ...['layers_to_transform', 'layers_pattern', 'modules_to_save', 'use_dora', 'use_rslora', 'lora_bias'],
    ...['bias', 'init_lora_weights', 'trainable_token_indices', '__proto__', 'new_setting'],
  ),
  setting,
  { maxKeys: 3 },
);
const part = fc.constantFrom(
  'lora_A.weight',
  'lora_B.default.weight',
  'lora_magnitude_vector',
  'bias',
  'weight',
);
const tensorName = fc.oneof(
  fc.constantFrom(...Object.keys(tensors), 'base_model.model.lm_head.weight', '__proto__'),
  fc.tuple(name, part).map(([path, kind]) => `base_model.model.${path}.${kind}`),
  fc.string(),
);
const shape = fc.array(fc.constantFrom(0, 1, 3, 12, 14, 24), { maxLength: 3 });
const stored = fc.dictionary(
  tensorName,
  shape.map((sizes): StoredTensor => {
    const count = sizes.reduce<number>((product, size) => product * size, 1);
    return { data: new Float32Array(count), shape: sizes, dtype: 'F32' };
  }),
  { maxKeys: 3 },
);

test('whatever a config and a file say, they are read as an adapter that fits the model, or refused in one line', () => {
  let read = 0;
  const property = fc.property(settings, stored, fc.boolean(), (changed, extra, keeps) => {
    try {
      const peft = parsePeftConfig({ ...plain, ...changed }, 'adapter_config.json');
      const modules = peftModules(peft, config);
      const file = keeps ? { ...tensors } : { ...tensors, ...extra };
      const found = adapterTensors(file, { peft, modules, config, path: 'file' });
      const { dora, loraBias, rsLora } = peft;
      const adapted = modules.map(({ path, rank, alpha }) => [path, { rank, alpha }] as const);
      const own = { ...spec, modules: Object.fromEntries(adapted), dora, loraBias, rsLora };
      const shapes = Object.entries(found.tensors).map(([tensor, { shape }]) => [tensor, shape]);
      expect(Object.fromEntries(shapes)).toEqual(adapterShapes(own, config));
      read++;
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      expect(error.message).not.toContain('\n');
    }
  });
  fc.assert(property, { numRuns: 5000, seed: 13 });
  expect(read).toBeGreaterThan(100);
});
