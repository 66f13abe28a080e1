import { readFile, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readAdapterFolder } from '../../src/adapter/peft/peft-folder.ts';
import { writeAdapterFolder } from '../../src/adapter/peft/write-adapter-folder.ts';
import type { StoredAdapter } from '../../src/adapter/stored-adapter.ts';
import { InputError, RefusedError } from '../../src/errors.ts';
import { readSafetensors, writeSafetensors } from '../../src/model/files/safetensors.ts';
import { temporaryFolders } from '../io/temporary-folder.ts';
import { tinyConfig } from '../model/decoder-programs.ts';
import { config, makeSpec, randomAdapter } from './adapter-fixture.ts';

const newFolder = temporaryFolders();
const plain = (): StoredAdapter => {
  const spec = makeSpec({ targetModules: ['q_proj', 'up_proj'], rsLora: true }, 'lora');
  return { spec, tensors: randomAdapter(spec), weights: {}, baseModel: 'some/model', afa: undefined };
};
const annealed = (beta = [0, 0]): StoredAdapter => {
  const spec = makeSpec({ placement: 's-A-s-B', activation: 'gelu-tanh' });
  const schedule = { kind: 'linear', fraction: 0.3 } as const;
  const { placement, activation } = spec;
  const afa = { placement, activation, schedule, steps: 10, step: 2, beta };
  return { spec, tensors: randomAdapter(spec), weights: {}, baseModel: undefined, afa };
};

/** Writes an adapter and changes its adapter_config.json. */
async function changed(settings: object): Promise<string> {
  const folder = newFolder();
  await writeAdapterFolder(folder, plain(), config);
  const path = join(folder, 'adapter_config.json');
  await writeFile(path, JSON.stringify({ ...JSON.parse(await readFile(path, 'utf8')), ...settings }));
  return folder;
}

/** Renames the tensors of an adapter's file. */
async function rename(folder: string, renamed: (name: string) => string): Promise<void> {
  const path = join(folder, 'adapter_model.safetensors');
  const stored = Object.entries(await readSafetensors(path)).map(([name, tensor]) => [renamed(name), tensor]);
  await writeSafetensors(path, Object.fromEntries(stored));
}

describe('an adapter folder', () => {
  test.each([
    ['plain LoRA', plain],
    ['AFA-LoRA at β = 0', () => annealed()],
  ])('reads back as it was written: %s', async (_, make) => {
    const folder = join(newFolder(), 'adapter');
    const adapter = make();
    await writeAdapterFolder(folder, adapter, config);
    expect(await readAdapterFolder(folder, config)).toEqual(adapter);
  });

  test('is not written while β of any layer is above 0, where PEFT would compute something else', async () => {
    const writing = writeAdapterFolder(newFolder(), annealed([0, 0.25]), config);
    await expect(writing).rejects.toThrow(RefusedError);
    await expect(writing).rejects.toThrow('β is 0.25 in layer 1');
    await expect(writing).rejects.toThrow('β would be 0 at step 3');
  });

  test('an annealed adapter of β above 0 that lies in a folder is read with its β', async () => {
    const folder = newFolder();
    await writeAdapterFolder(folder, annealed(), config);
    const { afa } = annealed([0.5, 0.25]);
    await writeFile(join(folder, 'afa.json'), JSON.stringify(afa));
    expect(await readAdapterFolder(folder, config)).toEqual(annealed([0.5, 0.25]));
  });

  test.each([
    [{ trainable_token_indices: [1, 2] }, 'trainable_token_indices'],
    [{ target_parameters: ['mlp.experts'] }, 'target_parameters'],
    [{ layer_replication: [[0, 1]] }, 'layer_replication'],
    [{ alora_invocation_tokens: [5] }, 'alora_invocation_tokens'],
    [{ use_qalora: true }, 'use_qalora'],
    [{ megatron_config: { x: 1 } }, 'megatron_config'],
    [{ init_lora_weights: 'pissa' }, 'init_lora_weights'],
    [{ init_lora_weights: 'loftq' }, 'init_lora_weights'],
    [{ bias: 'some' }, 'bias'],
    [{ peft_type: 'IA3' }, 'peft_type'],
    [{ some_future_method: { x: 1 } }, 'some_future_method'],
    [{ r: undefined }, 'r:'],
    [{ rank_pattern: { q_proj: 0.5 } }, 'rank_pattern'],
    [{ rank_pattern: { '(q_proj': 3 } }, 'rank_pattern: "(q_proj" is no regular expression'],
    [{ target_modules: '(\\w*\\.?)*!' }, 'takes too long to match "model.'],
    [{ target_modules: '.*(q_proj' }, 'target_modules: ".*(q_proj" is no regular expression'],
    [{ target_modules: '.*q_proj', layers_to_transform: [0] }, 'layers_to_transform needs a list'],
    [{ use_dora: true, lora_bias: true }, "use_dora and lora_bias don't go together"],
    [{ target_modules: ['q_proj', 'lm_head'] }, '"lm_head" can\'t be adapted'],
    [{ target_modules: ['q_proj', 'embed_tokens'] }, '"model.embed_tokens" can\'t be adapted'],
  ])('%j is refused by name', async (settings, name) => {
    const folder = await changed(settings);
    await expect(readAdapterFolder(folder, config)).rejects.toThrow(InputError);
    await expect(readAdapterFolder(folder, config)).rejects.toThrow(name);
  });

  test.each([
    ['a rank that its tensors do not have', { r: 4 }, 'is F32 [3,12], but must be float [4,12]'],
    [
      'a rank of one module that its tensor does not have',
      { rank_pattern: { '1.mlp.up_proj': 2 } },
      'is F32 [3,12], but must be float [2,12]',
    ],
    ['fewer modules than it has tensors', { target_modules: ['q_proj'] }, 'does not ask for'],
    ['fewer layers than it has tensors', { layers_to_transform: 1 }, 'does not ask for'],
    ['more modules than it has tensors', { target_modules: ['q_proj', 'up_proj', 'k_proj'] }, 'lacks'],
    ['DoRA without magnitudes', { use_dora: true }, 'lacks'],
    ['a bias of B that it does not have', { lora_bias: true }, 'lora_B.bias'],
    ['modules to save that it does not have', { modules_to_save: ['lm_head'] }, 'lacks "lm_head.weight"'],
    [
      'modules that the model does not have',
      { target_modules: ['qkv_proj'] },
      'target_modules ["qkv_proj"] matches nothing; the linear layers are q_proj',
    ],
  ])('a config that names %s is an input error', async (_, settings, message) => {
    const folder = await changed(settings);
    await expect(readAdapterFolder(folder, config)).rejects.toThrow(InputError);
    await expect(readAdapterFolder(folder, config)).rejects.toThrow(message);
  });

  test.each([
    ['with the adapter’s name', (name: string) => name.replace(/(lora_[AB])/, '$1.default')],
    ['with another adapter’s name', (name: string) => name.replace(/(lora_[AB])/, '$1.my_adapter')],
    ['without the prefix', (name: string) => name.replace('base_model.model.', '')],
  ])('tensors are read under the names of other versions of PEFT: %s', async (_, renamed) => {
    const folder = newFolder();
    await writeAdapterFolder(folder, plain(), config);
    await rename(folder, renamed);
    expect(await readAdapterFolder(folder, config)).toEqual(plain());
  });

  test('two names of one tensor, and weights of a resized vocabulary, are input errors', async () => {
    const folder = newFolder();
    await writeAdapterFolder(folder, plain(), config);
    const [name] = Object.keys(plain().tensors);
    const path = join(folder, 'adapter_model.safetensors');
    const stored = await readSafetensors(path);
    const floats = stored as Parameters<typeof writeSafetensors>[1];
    const twin = name!.replace('lora_A', 'lora_A.default');
    await writeSafetensors(path, { ...floats, [twin]: floats[name!]! });
    await expect(readAdapterFolder(folder, config)).rejects.toThrow('which are the same tensor');
    const rows = { data: new Float32Array(12 * 3), shape: [3, 12] };
    await writeSafetensors(path, { ...floats, 'base_model.model.model.embed_tokens.weight': rows });
    await expect(readAdapterFolder(folder, config)).rejects.toThrow('was the vocabulary resized?');
  });

  test('a pickled adapter is refused by name', async () => {
    const folder = await changed({});
    await unlink(join(folder, 'adapter_model.safetensors'));
    await writeFile(join(folder, 'adapter_model.bin'), 'pickle');
    await expect(readAdapterFolder(folder, config)).rejects.toThrow(InputError);
    await expect(readAdapterFolder(folder, config)).rejects.toThrow('adapter_model.bin is pickled');
  });

  test('a config that also names modules of other models is read, as PEFT does', async () => {
    const folder = await changed({ target_modules: ['q_proj', 'c_attn', 'up_proj', 'query_key_value'] });
    expect(await readAdapterFolder(folder, config)).toEqual(plain());
  });

  test('a folder without an adapter, and an afa.json of another model, are input errors', async () => {
    await expect(readAdapterFolder(newFolder(), config)).rejects.toThrow('holds no adapter_config.json');
    const run = newFolder();
    await writeAdapterFolder(join(run, 'adapter'), plain(), config);
    await expect(readAdapterFolder(run, config)).rejects.toThrow(`its adapter is ${join(run, 'adapter')}`);
    const folder = newFolder();
    await writeAdapterFolder(folder, annealed(), config);
    const deeper = tinyConfig({ num_hidden_layers: 3 });
    await expect(readAdapterFolder(folder, deeper)).rejects.toThrow(
      'the adapter is for a model of 2 layers, this one has 3',
    );
  });
});
