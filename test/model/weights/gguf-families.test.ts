import { copyFileSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { families } from '../../../src/model/families/index.ts';
import { openGguf } from '../../../src/model/files/gguf.ts';
import { readModelConfig } from '../../../src/model/read-config.ts';
import { ggufName, huggingFaceName } from '../../../src/model/weights/gguf-names.ts';
import { permuteRows, unpermuteRows } from '../../../src/model/weights/gguf-rows.ts';
import { loadWeights } from '../../../src/model/weights/load-weights.ts';
import { temporaryFolders } from '../../io/temporary-folder.ts';

/** Made by llama.cpp's converter of the models beside: record-families.py. */
const folder = 'test/fixtures/own/gguf/families';
const models = 'test/fixtures/own/models';
const temporary = temporaryFolders();
const names = readdirSync(folder)
  .filter((name) => name.endsWith('.gguf'))
  .map((name) => name.slice(0, -'.gguf'.length));

/** What the converter leaves out of a file, and what llama.cpp then takes in its place. */
const notInFiles: Readonly<Record<string, object>> = {
  // Mistral is a Llama to llama.cpp.
  'mistral-nowindow': { modelType: 'llama' },
  // No window in layers that full attention has.
  'qwen2-window': { layerForms: Array(3).fill({ window: null, rope: 0 }) },
  // The order of layers without rotation: every fourth.
  'smollm3-nope': {
    layerForms: [0, 0, 0, null].map((rope) => ({ window: null, rope })),
  },
  // query_pre_attn_scalar: the size of a head. The rotary base: 10000.
  'gemma2-tiny': {
    attentionScale: 1 / Math.sqrt(12),
    ropes: [{ theta: 10000, dim: 12, scaling: { type: 'default' } }],
  },
  // The same; and every sixth layer sees the whole text.
  'gemma3-tiny': {
    attentionScale: 1 / Math.sqrt(12),
    layerForms: Array(4).fill({ window: 5, rope: 1 }),
  },
};

describe.each(names)("%s, as llama.cpp's converter stores it", (name) => {
  const path = join(folder, `${name}.gguf`);

  /** The weights of the file at `from` are those of the checkpoint. */
  async function expectWeights(from: string): Promise<void> {
    const config = await readModelConfig(from);
    const weights = await loadWeights(from, config);
    const want = await loadWeights(join(models, name), await readModelConfig(join(models, name)));
    expect(Object.keys(weights)).toEqual(Object.keys(want));
    for (const [key, { data, shape }] of Object.entries(want)) {
      expect(weights[key]!.shape).toEqual(shape);
      // A norm stored as 1 + w is rounded there: what the model multiplies by is the same.
      const norm = config.normAddsOne && /norm\.weight$/.test(key);
      const multiplied = (of: unknown) => (norm ? (of as Float32Array).map((value) => 1 + value) : of);
      expect(multiplied(weights[key]!.data), key).toEqual(multiplied(data));
    }
  }

  test('the file alone has the weights of the checkpoint', () => expectWeights(path));

  test('beside its config.json it is the model that config.json describes', async () => {
    const to = temporary();
    copyFileSync(path, join(to, 'model.gguf'));
    for (const file of ['config.json', 'generation_config.json'])
      copyFileSync(join(models, name, file), join(to, file));
    const { eosSources: _sources, ...want } = await readModelConfig(join(models, name));
    expect(await readModelConfig(to)).toMatchObject(want);
    await expectWeights(join(to, 'model.gguf'));
  });

  test('the file alone describes the model as its config.json does', async () => {
    const { raw: _raw, rawGeneration: _generation, ...form } = await readModelConfig(join(models, name));
    // Ends and special tokens are the tokenizer's part, which these files don't have.
    const { eosTokenIds: _ids, eosSources: _sources, bosTokenId: _bos, padTokenId: _pad, ...want } = form;
    expect(await readModelConfig(path)).toMatchObject({ ...want, ...notInFiles[name] });
  });

  test("its tensors have the names of gguf-py's table", () => {
    const table = JSON.parse(readFileSync(join(folder, `${name}.tensors.json`), 'utf8'));
    const { model_type: modelType } = JSON.parse(readFileSync(join(models, name, 'config.json'), 'utf8'));
    expect(families[modelType]!.gguf.architecture).toBe(table.architecture);
    for (const [ours, theirs] of Object.entries<string>(table.names)) {
      expect(ggufName(ours, modelType)).toBe(theirs);
      expect(huggingFaceName(theirs, modelType)).toBe(ours);
    }
  });
});

test('every family that llama.cpp can store is among the files', async () => {
  const stored = await Promise.all(
    names.map(async (name) => {
      const file = await openGguf(join(folder, `${name}.gguf`));
      await file.close();
      return file.metadata['general.architecture'];
    }),
  );
  const known = Object.values(families).map(({ gguf }) => gguf.architecture);
  expect(new Set(stored)).toEqual(new Set(known));
});

test('a name that a family does not have has none in the other', () => {
  expect(ggufName('model.layers.0.self_attn.q_norm.weight', 'llama')).toBeUndefined();
  expect(huggingFaceName('blk.0.attn_q_norm.weight', 'llama')).toBe('blk.0.attn_q_norm.weight');
  expect(huggingFaceName('blk.0.constructor.weight', 'llama')).toBe('blk.0.constructor.weight');
});

test('rows that are moved and moved back are where they were', () => {
  const data = Float32Array.from({ length: 2 * 6 * 3 }, (_, i) => i);
  const heads = { shape: [12, 3], heads: 2 };
  expect(permuteRows(data, heads)).not.toEqual(data);
  expect(unpermuteRows(permuteRows(data, heads), heads)).toEqual(data);
});
