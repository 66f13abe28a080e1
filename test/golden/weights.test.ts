import { copyFile, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openSafetensors, readSafetensors } from '../../src/model/files/safetensors.ts';
import { readModelConfig } from '../../src/model/read-config.ts';
import { expectedTensors } from '../../src/model/weights/expected-tensors.ts';
import { storedTensors } from '../../src/model/weights/fused.ts';
import { loadWeights } from '../../src/model/weights/load-weights.ts';
import { type Json, modelFolders, nameOf, sha256 } from './golden-files.ts';

for (const folder of modelFolders) describe(nameOf(folder), () => checkModel(folder));

function checkModel(folder: string): void {
  test('config.json in the form of transformers 4 and 5 means the same', async () => {
    const v5 = await readModelConfig(folder);
    const v4 = await withConfigV4(folder, readModelConfig);
    expect(v5.raw).toHaveProperty('rope_parameters');
    expect(v4.raw).not.toHaveProperty('rope_parameters');
    expect({ ...v4, raw: 0 }).toEqual({ ...v5, raw: 0 });
  });

  test('the config has the values of its JSON', async () => {
    const config = await readModelConfig(folder);
    const json = JSON.parse(JSON.stringify(config.raw));
    expect(config).toMatchObject({
      modelType: json.model_type,
      vocabSize: json.vocab_size,
      hiddenSize: json.hidden_size,
      intermediateSize: json.intermediate_size,
      layers: json.num_hidden_layers,
      heads: json.num_attention_heads,
      kvHeads: json.num_key_value_heads,
      headDim: json.head_dim ?? json.hidden_size / json.num_attention_heads,
      rmsNormEps: json.rms_norm_eps,
      maxPositionEmbeddings: longest(json),
      tieWordEmbeddings: json.tie_word_embeddings,
      bosTokenId: json.bos_token_id,
      padTokenId: json.pad_token_id,
      eosTokenIds: [json.eos_token_id].flat(),
    });
  });

  test('every tensor is loaded, with the values of its file', async () => {
    const config = await readModelConfig(folder);
    const weights = await loadWeights(folder, config);
    expect(Object.keys(weights)).toEqual(Object.keys(expectedTensors(config)));
    const files = (await readdir(folder)).filter((file) => /^model.*\.safetensors$/.test(file));
    const left = new Map(storedTensors(config).map((tensor) => [tensor.name, tensor]));
    for (const file of files) {
      const stored = await readSafetensors(join(folder, file));
      for (const [name, { data, shape }] of Object.entries(stored)) {
        const parts = left.get(name)!.parts.map((part) => weights[part]!);
        expect(parts.reduce((rows, part) => rows + part.shape[0]!, 0)).toBe(shape[0]);
        expect(sha256(...parts.map((part) => part.data)), name).toBe(sha256(data));
        left.delete(name);
      }
    }
    expect([...left.keys()]).toEqual([]);
  });

  test('16-bit floats widen to float32 values whose upper half is the stored bits', async () => {
    const files = (await readdir(folder)).filter((file) => /^model.*\.safetensors$/.test(file));
    const types = new Set<string>();
    for (const name of files) {
      const file = await openSafetensors(join(folder, name));
      for (const { dtype } of file.entries.values()) types.add(dtype);
      await file.close();
    }
    const { data } = Object.values(await loadWeights(folder, await readModelConfig(folder)))[0]!;
    const lower = new Uint32Array(data.buffer).reduce((bits, word) => bits | (word & 0xffff), 0);
    expect(lower === 0).toBe([...types].join() === 'BF16');
  });
}

/** The same folder's config as transformers 4 writes it; the weights don't matter to the config. */
async function withConfigV4<T>(folder: string, read: (folder: string) => Promise<T>): Promise<T> {
  const copy = await mkdtemp(join(tmpdir(), 'anneal-v4-'));
  try {
    for (const file of await readdir(folder)) {
      if (
        file.endsWith('.safetensors') ||
        file.endsWith('.index.json') ||
        file === 'generation_config.json'
      ) {
        await copyFile(join(folder, file), join(copy, file));
      }
    }
    await copyFile(join(folder, 'config.v4.json'), join(copy, 'config.json'));
    return await read(copy);
  } finally {
    await rm(copy, { recursive: true });
  }
}

/** Texts may be as long as the config says, or with longrope as the length that the model was trained on. */
function longest({ max_position_embeddings: all, rope_parameters: rope, ...json }: Json): number {
  return rope.rope_type === 'longrope' ? json.original_max_position_embeddings : all;
}
