import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseModelConfig } from '../../src/model/families/parse-config.ts';
import { saveModelFolder } from '../../src/model/folder.ts';
import { readModelConfig } from '../../src/model/read-config.ts';
import { loadTokenizer } from '../../src/model/tokenizer/tokenizer.ts';
import { loadWeights } from '../../src/model/weights/load-weights.ts';
import { temporaryFolders } from '../io/temporary-folder.ts';
import { randomWeights, tinyConfig, tinyJson } from './tiny-model.ts';

const folder = temporaryFolders();
const weights = randomWeights(tinyConfig);
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
  await saveModelFolder(out, { config: tinyConfig, weights, tokenizerFiles });
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

test('the saved config says float32, in the form it came in, and keeps what it does not know', async () => {
  const out = join(folder(), 'v5');
  await saveModelFolder(out, { config: tinyConfig, weights, tokenizerFiles });
  expect(readJson(out, 'config.json')).toEqual({ ...tinyJson, dtype: 'float32' });

  const { dtype: _dtype, ...rest } = tinyJson;
  const old = { ...rest, torch_dtype: 'bfloat16', my_field: [1, null] };
  const outOld = join(folder(), 'v4');
  const config = parseModelConfig({ config: old, where: 'old' });
  await saveModelFolder(outOld, { config, weights, tokenizerFiles });
  expect(readJson(outOld, 'config.json')).toEqual({ ...old, torch_dtype: 'float32' });
  expect(readdirSync(outOld)).not.toContain('generation_config.json');
});

test('saving again replaces the folder whole, and leaves nothing beside it', async () => {
  const parent = folder();
  const out = join(parent, 'merged');
  await saveModelFolder(out, { config: tinyConfig, weights, tokenizerFiles });
  writeFileSync(join(out, 'stale.txt'), '');
  await saveModelFolder(out, { config: tinyConfig, weights, tokenizerFiles });
  expect(readdirSync(out)).not.toContain('stale.txt');
  expect(readdirSync(parent)).toEqual(['merged']);
});

test('a weight that is missing or of the wrong length leaves no folder behind', async () => {
  const parent = folder();
  const out = join(parent, 'merged');
  const { 'model.norm.weight': norm, ...others } = weights;
  const save = (given: typeof weights) =>
    saveModelFolder(out, { config: tinyConfig, weights: given, tokenizerFiles });
  await expect(save(others)).rejects.toThrow('weight "model.norm.weight" is missing');
  await expect(
    save({ ...others, 'model.norm.weight': { ...norm!, data: new Float32Array(3) } }),
  ).rejects.toThrow('tensor "model.norm.weight" of shape [8] has 3 values');
  expect(readdirSync(parent)).toEqual([]);
});
