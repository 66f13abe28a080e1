import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { HostTensor } from '../../src/engine/engine.ts';
import { openBinaryFile } from '../../src/io/binary-file.ts';
import { dequantise, type GgufFile, openGguf } from '../../src/model/files/gguf.ts';
import { quantType } from '../../src/model/files/gguf-dequantise.ts';
import { readSafetensors, type StoredTensor } from '../../src/model/files/safetensors.ts';
import { readModelConfig } from '../../src/model/read-config.ts';
import { ggufModelConfig } from '../../src/model/weights/gguf-config.ts';
import { huggingFaceName } from '../../src/model/weights/gguf-names.ts';
import { loadWeights } from '../../src/model/weights/load-weights.ts';
import {
  fixtures,
  foldersWith,
  type Json,
  knownFields,
  noSmollm2,
  readGolden,
  sha256,
  smollm2,
} from './golden-files.ts';

for (const folder of foldersWith('models', 'quants.json')) {
  describe(`models/${folder}`, () => checkQuants(folder));
}

function checkQuants(folder: string): void {
  const golden = readGolden('models', folder, 'quants.json');
  knownFields(golden, ['seed', 'shape', 'types', 'gguf', 'versions'], 'quants.json');
  let stored: Record<string, StoredTensor>;
  let file: GgufFile;
  beforeAll(async () => {
    stored = await readSafetensors(join(fixtures, 'models', folder, 'quants.safetensors'));
    file = await openGguf(join(fixtures, 'models', folder, golden.gguf.file));
  });
  afterAll(() => file.close());

  test('every tensor of the file is one that the types name', () => {
    const named = golden.types.flatMap(({ type }: Json) => [`${type}.raw`, `${type}.dequantised`]);
    expect(Object.keys(stored).sort()).toEqual(['source', ...named].sort());
  });

  describe.each(golden.types as Json[])('$type', (each) => {
    const fields = ['type', 'ggml_type_id', 'block_elements', 'block_bytes', 'how', 'raw_bytes'];
    knownFields(each, [...fields, 'sha256_dequantised_f32_le', 'max_abs_error_vs_source'], each.type);
    const block = quantType(each.type);
    const raw = () => stored[`${each.type}.raw`]!.data.slice().buffer as ArrayBuffer;
    if (block === undefined) {
      test('is refused by name', async () => {
        expect(() => dequantise(raw(), each.type, 'it')).toThrow(`is ${each.type}, which is not supported`);
        await expect(file.read(`t.${each.type}`)).rejects.toThrow(
          `"t.${each.type}" is ${each.type}, which is not supported`,
        );
      });
      return;
    }
    test('dequantises to the recorded bits', async () => {
      expect(block).toMatchObject({ blockElements: each.block_elements, blockBytes: each.block_bytes });
      const want = stored[`${each.type}.dequantised`]!;
      for (const got of [dequantise(raw(), each.type, 'it'), await file.read(`t.${each.type}`)]) {
        expect(sha256(got)).toBe(each.sha256_dequantised_f32_le);
        expect(sha256(got)).toBe(sha256(want.data));
      }
    });
  });

  test('metadata of every value type', () => {
    const { 'GGUF.version': version, ...rest } = golden.gguf.metadata;
    expect([2, 3]).toContain(version);
    const counts = {
      'GGUF.tensor_count': file.tensors.size,
      'GGUF.kv_count': Object.keys(file.metadata).length,
    };
    for (const [key, value] of Object.entries(rest)) {
      const got = { ...file.metadata, ...counts }[key];
      // The JSON has integers of 64 bits as strings.
      const is64 = typeof value === 'string' && typeof got !== 'string';
      expect(is64 ? String(got) : got, key).toEqual(value);
    }
  });

  test('the table of tensors', async () => {
    expect([...file.tensors.keys()]).toEqual(golden.gguf.tensors.map(({ name }: Json) => name));
    for (const each of golden.gguf.tensors as Json[]) {
      knownFields(each, ['name', 'type', 'ne', 'data_offset_in_file', 'n_bytes'], each.name);
      const { type, shape, position } = file.tensors.get(each.name)!;
      expect({ type, ne: [...shape].reverse(), position }).toEqual({
        type: each.type,
        ne: each.ne,
        position: each.data_offset_in_file,
      });
    }
    const oned = await file.read('t.oned');
    expect(oned).toEqual((stored.source!.data as Float32Array).slice(0, oned.length));
  });
}

for (const folder of foldersWith('models', 'dequantised.json')) {
  const model = smollm2;
  if (model === undefined) test.skip(`models/${folder}: ${noSmollm2}`, () => {});
  else describe(`models/${folder}`, () => checkRealModel(folder, model));
}

/** sha256 of the float32 state dict, from the README beside the model. */
const STATE_DICT = '785e20b3e653276b0579b744214a1186d730ba80af04f397f642d6432e5e0154';

function checkRealModel(folder: string, model: string): void {
  const golden = readGolden('models', folder, 'dequantised.json');
  const path = join(model, readdirSync(model).find((name) => name.endsWith('.gguf'))!);
  let file: GgufFile;
  let weights: Record<string, HostTensor>;
  beforeAll(async () => {
    file = await openGguf(path);
    weights = await loadWeights(model, await readModelConfig(model));
  });
  afterAll(() => file.close());

  test.each(golden.tensors as Json[])('$gguf_name ($ggml_type)', async (each) => {
    const fields = [
      'gguf_name',
      'hf_name',
      'ggml_type',
      'gguf_ne',
      'data_offset_in_file',
      'n_bytes',
      'raw_sha256',
    ];
    knownFields(each, [...fields, 'dequantised', 'hf_layout', 'same'], each.gguf_name);
    expect(huggingFaceName(each.gguf_name, 'llama')).toBe(each.hf_name);
    const { type, shape, position } = file.tensors.get(each.gguf_name)!;
    expect(type).toBe(each.ggml_type);
    expect([...shape].reverse()).toEqual(each.gguf_ne);
    expect(position).toBe(each.data_offset_in_file);
    const bytes = await openBinaryFile(path);
    expect(sha256(await bytes.read(position, each.n_bytes))).toBe(each.raw_sha256);
    await bytes.close();
    expectTensor({ data: await file.read(each.gguf_name), shape }, each.dequantised);
    expectTensor(weights[each.hf_name]!, each.hf_layout);
  });

  test('the whole state dict has the recorded digest', () => {
    const names = Object.keys(weights).sort();
    expect(sha256(...names.flatMap((name) => [name, weights[name]!.data]))).toBe(STATE_DICT);
  });

  test('the file alone describes the same model as config.json beside it', async () => {
    const {
      raw: _raw,
      rawGeneration: _generation,
      eosSources: _sources,
      ...fromFile
    } = await ggufModelConfig(file);
    expect(await readModelConfig(model)).toMatchObject(fromFile);
  });
}

function expectTensor(tensor: Pick<HostTensor, 'data' | 'shape'>, want: Json): void {
  knownFields(want, ['shape', 'sha256_f32_le', 'first16', 'mean', 'std'], 'tensor');
  expect(tensor.shape).toEqual(want.shape);
  expect(Array.from(tensor.data.slice(0, 16))).toEqual(want.first16);
  expect(sha256(tensor.data)).toBe(want.sha256_f32_le);
}
