import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readAdapterFolder, type StoredAdapter, writeAdapterFolder } from '../../src/adapter/peft-folder.ts';
import { InputError } from '../../src/errors.ts';
import { temporaryFolders } from '../io/temporary-folder.ts';
import { tinyConfig } from '../model/decoder-programs.ts';
import { config, makeSpec, randomAdapter } from './adapter-fixture.ts';

const newFolder = temporaryFolders();
const plain = (): StoredAdapter => {
  const spec = makeSpec({ targetModules: ['q_proj', 'up_proj'], rsLora: true }, 'lora');
  return { spec, tensors: randomAdapter(spec), baseModel: 'some/model', afa: undefined };
};
const annealed = (): StoredAdapter => {
  const spec = makeSpec({ placement: 's-A-s-B', activation: 'gelu-tanh' });
  const schedule = { kind: 'linear', fraction: 0.3 } as const;
  const { placement, activation } = spec;
  const afa = { placement, activation, schedule, steps: 10, step: 2, beta: [0.5, 0.25] };
  return { spec, tensors: randomAdapter(spec), baseModel: undefined, afa };
};

/** Writes an adapter and changes its adapter_config.json. */
async function changed(settings: object): Promise<string> {
  const folder = newFolder();
  await writeAdapterFolder(folder, plain());
  const path = join(folder, 'adapter_config.json');
  await writeFile(path, JSON.stringify({ ...JSON.parse(await readFile(path, 'utf8')), ...settings }));
  return folder;
}

describe('an adapter folder', () => {
  test.each([
    ['plain LoRA', plain],
    ['AFA-LoRA half-way', annealed],
  ])('reads back as it was written: %s', async (_, make) => {
    const folder = join(newFolder(), 'adapter');
    const adapter = make();
    await writeAdapterFolder(folder, adapter);
    expect(await readAdapterFolder(folder, config)).toEqual(adapter);
  });

  test.each([
    [{ use_dora: true }, 'use_dora'],
    [{ bias: 'all' }, 'bias'],
    [{ modules_to_save: ['lm_head'] }, 'modules_to_save'],
    [{ rank_pattern: { q_proj: 6 } }, 'rank_pattern'],
    [{ layers_to_transform: [0] }, 'layers_to_transform'],
    [{ fan_in_fan_out: true }, 'fan_in_fan_out'],
    [{ init_lora_weights: 'pissa' }, 'init_lora_weights'],
    [{ peft_type: 'IA3' }, 'peft_type'],
    [{ some_future_method: { x: 1 } }, 'some_future_method'],
    [{ r: undefined }, 'r:'],
  ])('%j is refused by name', async (settings, name) => {
    const folder = await changed(settings);
    await expect(readAdapterFolder(folder, config)).rejects.toThrow(InputError);
    await expect(readAdapterFolder(folder, config)).rejects.toThrow(name);
  });

  test.each([
    ['a rank that its tensors do not have', { r: 4 }, 'is F32 [3,12], but must be float [4,12]'],
    ['fewer modules than it has tensors', { target_modules: ['q_proj'] }, 'does not ask for'],
    ['more modules than it has tensors', { target_modules: ['q_proj', 'up_proj', 'k_proj'] }, 'lacks'],
    ['modules that the model does not have', { target_modules: ['qkv_proj'] }, '"qkv_proj" matches nothing'],
  ])('a config that names %s is an input error', async (_, settings, message) => {
    const folder = await changed(settings);
    await expect(readAdapterFolder(folder, config)).rejects.toThrow(InputError);
    await expect(readAdapterFolder(folder, config)).rejects.toThrow(message);
  });

  test('a config that also names modules of other models is read, as PEFT does', async () => {
    const folder = await changed({ target_modules: ['q_proj', 'c_attn', 'up_proj', 'query_key_value'] });
    expect(await readAdapterFolder(folder, config)).toEqual(plain());
  });

  test('a folder without an adapter, and an afa.json of another model, are input errors', async () => {
    await expect(readAdapterFolder(newFolder(), config)).rejects.toThrow('holds no adapter_config.json');
    const folder = newFolder();
    await writeAdapterFolder(folder, annealed());
    const deeper = tinyConfig({ num_hidden_layers: 3 });
    await expect(readAdapterFolder(folder, deeper)).rejects.toThrow('beta has 2 layers, the model 3');
  });
});
