import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { parseModelConfig } from '../../../src/model/families/parse-config.ts';
import {
  bfloat16ToFloat32,
  float32ToBfloat16,
  float32ToHalf,
  halfToFloat32,
} from '../../../src/model/files/half.ts';
import { readSafetensors } from '../../../src/model/files/safetensors.ts';
import { readModelConfig } from '../../../src/model/read-config.ts';
import { saveGguf } from '../../../src/model/save/gguf-file.ts';
import { saveModelFolder } from '../../../src/model/save/model-folder.ts';
import { loadTokenizer } from '../../../src/model/tokenizer/tokenizer.ts';
import { loadWeights } from '../../../src/model/weights/load-weights.ts';
import { heldWeights } from '../../../src/model/weights/read-weight.ts';
import { temporaryFolders } from '../../io/temporary-folder.ts';
import { randomWeights, tinyConfig, tinyJson } from '../tiny-model.ts';

const folder = temporaryFolders();
const weights = randomWeights(tinyConfig);
const readWeight = heldWeights(weights);
const tokenizerFiles = {
  'tokenizer.json': JSON.stringify({
    added_tokens: [],
    normalizer: null,
    pre_tokenizer: null,
    post_processor: null,
    decoder: { type: 'Fuse' },
    model: { type: 'BPE', unk_token: null, vocab: { a: 0, b: 1 }, merges: [] },
  }),
  'chat_template.jinja': '{{ messages[0].content }}',
};
const readJson = (...path: string[]) => JSON.parse(readFileSync(join(...path), 'utf8'));

test('a saved model is read back as it was: config, every EOS id, weights, tokenizer', async () => {
  const out = join(folder(), 'runs', 'merged');
  await saveModelFolder(out, { config: tinyConfig, readWeight, tokenizerFiles });
  expect(readdirSync(out).sort()).toEqual([
    'chat_template.jinja',
    'config.json',
    'generation_config.json',
    'model.safetensors',
    'tokenizer.json',
  ]);
  const config = await readModelConfig(out);
  expect({ ...config, raw: 0 }).toEqual({ ...tinyConfig, raw: 0 });
  expect(config.eosTokenIds).toEqual([1, 3]);
  expect(await loadWeights(out, config)).toEqual(weights);
  expect((await loadTokenizer(out)).encodeChat([{ role: 'user', content: 'ba' }])).toEqual([1, 0]);
});

test('floats that are whole keep their point: transformers 5 refuses an integer there', async () => {
  const model = fileURLToPath(new URL('../../fixtures/own/models/gemma2-tiny', import.meta.url));
  const config = await readModelConfig(model);
  const out = join(folder(), 'gemma2');
  const readWeight = heldWeights(await loadWeights(model, config));
  await saveModelFolder(out, { config, readWeight, tokenizerFiles });
  const fields = (path: string) =>
    readFileSync(join(path, 'config.json'), 'utf8')
      .match(/"\w+_softcapping": [^,]+/g)!
      .sort();
  expect(fields(out)).toEqual(['"attn_logit_softcapping": 5.0', '"final_logit_softcapping": 8.0']);
  expect(fields(out)).toEqual(fields(model));
});

test('the saved config says float32, in the form it came in, and keeps what it does not know', async () => {
  const out = join(folder(), 'v5');
  await saveModelFolder(out, { config: tinyConfig, readWeight, tokenizerFiles });
  expect(readJson(out, 'config.json')).toEqual({ ...tinyJson, dtype: 'float32' });

  const { dtype: _dtype, ...rest } = tinyJson;
  const old = { ...rest, torch_dtype: 'bfloat16', my_field: [1, null] };
  const outOld = join(folder(), 'v4');
  const config = parseModelConfig({ config: old, where: 'old' });
  await saveModelFolder(outOld, { config, readWeight, tokenizerFiles });
  expect(readJson(outOld, 'config.json')).toEqual({ ...old, torch_dtype: 'float32' });
  expect(readdirSync(outOld)).not.toContain('generation_config.json');
});

test('saving again replaces the folder whole, and leaves nothing beside it', async () => {
  const parent = folder();
  const out = join(parent, 'merged');
  await saveModelFolder(out, { config: tinyConfig, readWeight, tokenizerFiles });
  writeFileSync(join(out, 'stale.txt'), '');
  await saveModelFolder(out, { config: tinyConfig, readWeight, tokenizerFiles });
  expect(readdirSync(out)).not.toContain('stale.txt');
  expect(readdirSync(parent)).toEqual(['merged']);
});

test('a weight that is missing or of the wrong length leaves no folder behind', async () => {
  const parent = folder();
  const out = join(parent, 'merged');
  const { 'model.norm.weight': norm, ...others } = weights;
  const save = (given: typeof weights) =>
    saveModelFolder(out, { config: tinyConfig, readWeight: heldWeights(given), tokenizerFiles });
  await expect(save(others)).rejects.toThrow('weight "model.norm.weight" is missing');
  await expect(
    save({ ...others, 'model.norm.weight': { ...norm!, data: new Float32Array(3) } }),
  ).rejects.toThrow('tensor "model.norm.weight" of shape [8] has 3 values');
  expect(readdirSync(parent)).toEqual([]);
});

describe('a large model', () => {
  const sharded = 'test/fixtures/models/llama-sharded';

  test('lies in the shards, with the index, that transformers writes', async () => {
    const out = join(folder(), 'sharded');
    const config = await readModelConfig(sharded);
    const held = await loadWeights(sharded, config);
    await saveModelFolder(
      out,
      { config, readWeight: heldWeights(held), tokenizerFiles },
      { shardBytes: 70_000 },
    );
    const index = 'model.safetensors.index.json';
    expect(readFileSync(join(out, index), 'utf8')).toBe(readFileSync(join(sharded, index), 'utf8'));
    for (const part of [1, 2, 3]) {
      const shard = `model-0000${part}-of-00003.safetensors`;
      expect(await readSafetensors(join(out, shard))).toEqual(await readSafetensors(join(sharded, shard)));
    }
    expect(await loadWeights(out, await readModelConfig(out))).toEqual(held);
  });

  test('is read one weight at a time, each once', async () => {
    const asked: string[] = [];
    const read = (name: string) => {
      asked.push(name);
      return readWeight(name);
    };
    const model = { config: tinyConfig, readWeight: read, tokenizerFiles };
    await saveModelFolder(join(folder(), 'once'), model, { shardBytes: 500 });
    expect(asked).toEqual(Object.keys(weights));
  });
});

describe('in 16 bits', () => {
  test.each([
    ['bf16', 'bfloat16', (values: Float32Array) => bfloat16ToFloat32(float32ToBfloat16(values))],
    ['f16', 'float16', (values: Float32Array) => halfToFloat32(float32ToHalf(values))],
  ] as const)('%s: the config says so, and the weights are rounded', async (dtype, named, rounded) => {
    const out = join(folder(), dtype);
    await saveModelFolder(out, { config: tinyConfig, readWeight, tokenizerFiles }, { dtype });
    expect(readJson(out, 'config.json')).toEqual({ ...tinyJson, dtype: named });
    const stored = await readSafetensors(join(out, 'model.safetensors'));
    for (const [name, { data }] of Object.entries(weights)) {
      expect(stored[name]!.dtype).toBe(dtype.toUpperCase());
      expect(stored[name]!.data).toEqual(rounded(data as Float32Array));
    }
  });

  test('a weight beyond float16 is refused by name, and leaves no folder', async () => {
    const parent = folder();
    const large = { ...weights, 'model.norm.weight': { ...weights['model.norm.weight']! } };
    large['model.norm.weight']!.data = Float32Array.from(
      weights['model.norm.weight']!.data,
      (_, i) => i * 1e5,
    );
    const model = { config: tinyConfig, readWeight: heldWeights(large), tokenizerFiles };
    await expect(saveModelFolder(join(parent, 'out'), model, { dtype: 'f16' })).rejects.toThrow(
      /tensor "model.norm.weight": float16 can't hold 100000/,
    );
    expect(readdirSync(parent)).toEqual([]);
  });
});

test('files of tokenizer, templates and generation are copied byte for byte, and nothing else is', async () => {
  const source = folder();
  const copied = {
    'tokenizer.json': ` ${tokenizerFiles['tokenizer.json']}\r\n`,
    'tokenizer.model': Buffer.from([0, 255, 254, 10]),
    'tokenizer_config.json': '{ "model_max_length" : 1e30 }',
    'special_tokens_map.json': '{}',
    'chat_template.jinja': '{{ messages[0].content }}\n',
    'additional_chat_templates/tool_use.jinja': '{{ tools }}',
    'generation_config.json': '{ "eos_token_id": [1,3], "top_p" : 0.90 }',
    'merges.txt': '#version: 0.2\n',
  };
  mkdirSync(join(source, 'additional_chat_templates'));
  for (const [name, content] of Object.entries(copied)) writeFileSync(join(source, name), content);
  for (const other of ['README.md', 'optimizer.pt', 'model.safetensors.bak'])
    writeFileSync(join(source, other), 'x');
  const out = join(folder(), 'out');
  const config = { ...tinyConfig, rawGeneration: { eos_token_id: [1, 3], top_p: 0.9 } };
  await saveModelFolder(out, { config, readWeight, tokenizerFiles, source });
  for (const [name, content] of Object.entries(copied))
    expect(readFileSync(join(out, name)), name).toEqual(Buffer.from(content));
  expect(readdirSync(out)).toHaveLength(Object.keys(copied).length + 2);
});

test('a link out of the model’s folder and a pipe are left out', async () => {
  const source = folder();
  const secret = join(folder(), 'secret.txt');
  writeFileSync(secret, 'of somebody');
  writeFileSync(join(source, 'model.safetensors'), '');
  writeFileSync(join(source, 'merges.txt'), '#version: 0.2\n');
  symlinkSync(secret, join(source, 'tokenizer.model'));
  symlinkSync('merges.txt', join(source, 'tokenizer.txt'));
  mkdirSync(join(source, 'additional_chat_templates'));
  symlinkSync(secret, join(source, 'additional_chat_templates', 'rag.jinja'));
  execFileSync('mkfifo', [join(source, 'tokenizer.pipe')]);
  const out = join(folder(), 'out');
  await saveModelFolder(out, { config: tinyConfig, readWeight, tokenizerFiles, source });
  expect(readdirSync(out).sort()).toEqual([
    'chat_template.jinja',
    'config.json',
    'generation_config.json',
    'merges.txt',
    'model.safetensors',
    'tokenizer.json',
    'tokenizer.txt',
  ]);
});

test('of a .gguf file without a tokenizer.json the tokenizer is that of its metadata, whatever lies beside it', async () => {
  const source = join(folder(), 'tiny.gguf');
  const tiny = fileURLToPath(new URL('../../../models/tiny', import.meta.url));
  const config = await readModelConfig(tiny);
  const tinyWeights = heldWeights(await loadWeights(tiny, config));
  const { files } = await loadTokenizer(tiny);
  await saveGguf(source, { config, readWeight: tinyWeights, tokenizerFiles: files });
  writeFileSync(join(source, '..', 'chat_template.jinja'), 'another model’s');
  writeFileSync(join(source, '..', 'tokenizer_config.json'), '{"eos_token": "<another>"}');
  mkdirSync(join(source, '..', 'additional_chat_templates'));
  writeFileSync(join(source, '..', 'additional_chat_templates', 'default.jinja'), 'another model’s');
  const tokenizer = await loadTokenizer(source);
  const out = join(folder(), 'out');
  const model = { config: await readModelConfig(source), readWeight: tinyWeights, source };
  await saveModelFolder(out, { ...model, tokenizerFiles: tokenizer.files });
  expect((await loadTokenizer(out)).files).toEqual(tokenizer.files);
});

test('a generation_config.json that lacks an end token of GGUF metadata is written anew', async () => {
  const source = folder();
  writeFileSync(join(source, 'generation_config.json'), '{"eos_token_id": 1}');
  const out = join(folder(), 'out');
  const config = { ...tinyConfig, rawGeneration: { eos_token_id: [1, 3] } };
  await saveModelFolder(out, { config, readWeight, tokenizerFiles, source });
  expect(readJson(out, 'generation_config.json')).toEqual({ eos_token_id: [1, 3] });
});
