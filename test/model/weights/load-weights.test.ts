import { copyFileSync, mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { InputError } from '../../../src/errors.ts';
import { writeSafetensors } from '../../../src/model/files/safetensors.ts';
import { readModelConfig } from '../../../src/model/read-config.ts';
import { expectedTensors } from '../../../src/model/weights/expected-tensors.ts';
import { loadWeights } from '../../../src/model/weights/load-weights.ts';
import { temporaryFolders } from '../../io/temporary-folder.ts';
import { randomWeights, tinyConfig, tinyJson } from '../tiny-model.ts';

const folder = temporaryFolders();
type Weights = ReturnType<typeof randomWeights>;

/** A folder with these tensors in model.safetensors. */
async function saved(tensors: Weights): Promise<string> {
  const path = folder();
  await writeSafetensors(join(path, 'model.safetensors'), tensors);
  return path;
}

const without = (weights: Weights, name: string): Weights =>
  Object.fromEntries(Object.entries(weights).filter(([key]) => key !== name));

test('the expected tensors are those of the state dict, in its order', () => {
  const { layers: _layers, ...config } = tinyConfig;
  expect(Object.entries(expectedTensors({ ...config, layers: 1 }))).toEqual([
    ['model.embed_tokens.weight', [12, 8]],
    ['model.layers.0.self_attn.q_proj.weight', [8, 8]],
    ['model.layers.0.self_attn.q_proj.bias', [8]],
    ['model.layers.0.self_attn.k_proj.weight', [4, 8]],
    ['model.layers.0.self_attn.k_proj.bias', [4]],
    ['model.layers.0.self_attn.v_proj.weight', [4, 8]],
    ['model.layers.0.self_attn.v_proj.bias', [4]],
    ['model.layers.0.self_attn.o_proj.weight', [8, 8]],
    ['model.layers.0.self_attn.o_proj.bias', [8]],
    ['model.layers.0.mlp.gate_proj.weight', [6, 8]],
    ['model.layers.0.mlp.gate_proj.bias', [6]],
    ['model.layers.0.mlp.up_proj.weight', [6, 8]],
    ['model.layers.0.mlp.up_proj.bias', [6]],
    ['model.layers.0.mlp.down_proj.weight', [8, 6]],
    ['model.layers.0.mlp.down_proj.bias', [8]],
    ['model.layers.0.input_layernorm.weight', [8]],
    ['model.layers.0.post_attention_layernorm.weight', [8]],
    ['model.norm.weight', [8]],
    ['lm_head.weight', [12, 8]],
  ]);
});

describe('loading', () => {
  const weights = randomWeights(tinyConfig);

  test('gives back what was saved', async () => {
    expect(await loadWeights(await saved(weights), tinyConfig)).toEqual(weights);
  });

  test('passes over rotary buffers, and the copy of tied embeddings', async () => {
    const extra = { data: new Float32Array(2), shape: [2], dtype: 'float32' as const };
    const path = await saved({ ...weights, 'model.layers.0.self_attn.rotary_emb.inv_freq': extra });
    const tied = await loadWeights(path, { ...tinyConfig, tieWordEmbeddings: true });
    expect(Object.keys(tied)).not.toContain('lm_head.weight');
    expect(tied['model.norm.weight']).toEqual(weights['model.norm.weight']);
  });

  test('a tensor of the wrong shape is named, with both shapes', async () => {
    const wrong = { ...weights, 'model.norm.weight': { ...weights['model.norm.weight']!, shape: [2, 4] } };
    const loading = loadWeights(await saved(wrong), tinyConfig);
    await expect(loading).rejects.toThrow(InputError);
    await expect(loading).rejects.toThrow(
      'tensor "model.norm.weight" has shape [2,4], but by its config it must be [8]',
    );
  });

  test('missing tensors are named', async () => {
    const path = await saved(without(weights, 'lm_head.weight'));
    await expect(loadWeights(path, tinyConfig)).rejects.toThrow('lacks tensor "lm_head.weight"');
    const deeper = loadWeights(path, { ...tinyConfig, layers: 3 });
    await expect(deeper).rejects.toThrow(
      /lacks tensors "model\.layers\.2.+ and \d+ more, which its config asks for/,
    );
  });

  test('tensors that the architecture does not have are named', async () => {
    const path = await saved({
      ...weights,
      'model.layers.0.self_attn.q_norm.weight': weights['model.norm.weight']!,
    });
    const loading = loadWeights(path, tinyConfig);
    await expect(loading).rejects.toThrow(InputError);
    await expect(loading).rejects.toThrow('"model.layers.0.self_attn.q_norm.weight"');
  });

  test('weights that are no floats of up to 32 bits are refused', async () => {
    const path = folder();
    const bytes = Object.fromEntries(
      Object.keys(weights).map((name) => [name, expectedTensors(tinyConfig)[name]!]),
    );
    let end = 0;
    const header = Object.entries(bytes).map(([name, shape]) => {
      const start = end;
      end += shape.reduce((a, b) => a * b, 1);
      return [name, { dtype: 'U8', shape, data_offsets: [start, end] }];
    });
    const json = Buffer.from(JSON.stringify(Object.fromEntries(header)));
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(json.length));
    writeFileSync(join(path, 'model.safetensors'), Buffer.concat([length, json, Buffer.alloc(end)]));
    await expect(loadWeights(path, tinyConfig)).rejects.toThrow(
      'is U8, which is not supported; supported types: F32, F16, BF16',
    );
  });
});

describe('shards', () => {
  const from = 'test/fixtures/models/llama-sharded';
  const names = ['1', '2', '3'].map((n) => `model-0000${n}-of-00003.safetensors`);
  const index = 'model.safetensors.index.json';

  function copied(files: readonly string[]): string {
    const path = folder();
    for (const file of files) copyFileSync(join(from, file), join(path, file));
    return path;
  }

  test('a missing shard is named', async () => {
    const path = copied([index, names[0]!, names[2]!]);
    const loading = loadWeights(path, await readModelConfig(from));
    await expect(loading).rejects.toThrow(InputError);
    await expect(loading).rejects.toThrow(`${names[1]}: no such file`);
  });

  test('a truncated shard is named', async () => {
    const path = copied([index, ...names]);
    truncateSync(join(path, names[2]!), 60000);
    const loading = loadWeights(path, await readModelConfig(from));
    await expect(loading).rejects.toThrow(`${names[2]} is truncated`);
  });

  test('a tensor that is listed but not there is named', async () => {
    const path = copied([index, ...names]);
    copyFileSync(join(from, names[0]!), join(path, names[1]!));
    const loading = loadWeights(path, await readModelConfig(from));
    await expect(loading).rejects.toThrow(
      /lists tensor "[\w.]+" in model-00002-of-00003\.safetensors, which does not/,
    );
  });

  test.each([
    ['a path out of the folder', { weight_map: { a: '../../secret.safetensors' } }, 'must be a file name'],
    ['no map', {}, 'weight_map'],
  ])('an index with %s is refused', async (_, json, message) => {
    const path = folder();
    writeFileSync(join(path, index), JSON.stringify(json));
    const loading = loadWeights(path, tinyConfig);
    await expect(loading).rejects.toThrow(InputError);
    await expect(loading).rejects.toThrow(message);
  });
});

describe('finding a model', () => {
  const refused = async (path: string, message: string) => {
    await expect(readModelConfig(path)).rejects.toThrow(InputError);
    await expect(readModelConfig(path)).rejects.toThrow(message);
  };

  test('a path that does not exist', async () => {
    await refused('HuggingFaceTB/SmolLM2-135M', 'model "HuggingFaceTB/SmolLM2-135M" does not exist');
    await refused(join('package.json', 'x'), 'does not exist');
  });

  test('a file that is no .gguf', () => refused('package.json', 'neither a folder nor a .gguf file'));

  test('a folder without weights has a config, for a fresh model, but no weights', async () => {
    const path = folder();
    writeFileSync(join(path, 'config.json'), JSON.stringify(tinyJson));
    await expect(loadWeights(path, await readModelConfig(path))).rejects.toThrow(
      'has no weights: expected model.safetensors, model.safetensors.index.json or one .gguf file',
    );
  });

  test('a folder with several .gguf files', async () => {
    const path = folder();
    for (const name of ['b.gguf', 'a.gguf']) writeFileSync(join(path, name), '');
    await refused(path, 'has 2 .gguf files (a.gguf, b.gguf); give the path of one');
  });

  test('a folder without config.json', async () => {
    await refused(await saved(randomWeights(tinyConfig)), 'has no config.json');
  });

  test('a config.json that is not JSON', async () => {
    const path = await saved(randomWeights(tinyConfig));
    writeFileSync(join(path, 'config.json'), '{');
    await refused(path, 'config.json is not valid JSON');
  });

  test('a folder where a file should be', async () => {
    const path = await saved(randomWeights(tinyConfig));
    mkdirSync(join(path, 'config.json'));
    await refused(path, "config.json can't be read");
    const other = folder();
    mkdirSync(join(other, 'model.safetensors'));
    await expect(loadWeights(other, tinyConfig)).rejects.toThrow('model.safetensors is not a file');
  });

  test('a generation_config.json of the wrong form', async () => {
    const path = await saved(randomWeights(tinyConfig));
    writeFileSync(join(path, 'config.json'), JSON.stringify(tinyJson));
    writeFileSync(join(path, 'generation_config.json'), '{"eos_token_id": "</s>"}');
    await refused(path, 'generation_config.json');
  });

  test('safetensors win over a .gguf file in the same folder', async () => {
    const weights = randomWeights(tinyConfig);
    const path = await saved(weights);
    writeFileSync(join(path, 'x.gguf'), 'not read');
    mkdirSync(join(path, 'original'));
    expect(await loadWeights(path, tinyConfig)).toEqual(weights);
  });
});
