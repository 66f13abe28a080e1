import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { dequantise, openGguf } from '../../../src/model/files/gguf.ts';
import { quantType } from '../../../src/model/files/gguf-dequantise.ts';
import { readModelConfig } from '../../../src/model/read-config.ts';
import { loadWeights } from '../../../src/model/weights/load-weights.ts';

interface Recorded {
  readonly type: string;
  readonly block_elements: number;
  readonly block_bytes: number;
  /** base64 */
  readonly raw: string;
  /** base64 of float32, little-endian */
  readonly dequantised: string;
}

const { types }: { readonly types: readonly Recorded[] } = JSON.parse(
  readFileSync('test/fixtures/own/gguf/iq4.json', 'utf8'),
);

const bytes = (base64: string) => new Uint8Array(Buffer.from(base64, 'base64')).buffer;

describe.each(types)('$type', (each) => {
  test('dequantises to the bits that gguf-py gives', () => {
    expect(quantType(each.type)).toMatchObject({
      blockElements: each.block_elements,
      blockBytes: each.block_bytes,
    });
    const got = dequantise(bytes(each.raw), each.type, 'it');
    expect(new Uint32Array(got.buffer)).toEqual(new Uint32Array(bytes(each.dequantised)));
  });
});

interface RecordedTensor {
  readonly name: string;
  readonly type: string;
  /** Of what gguf-py makes of it. */
  readonly sha256_f32_le: string;
}

/** Files that llama.cpp quantised: record-mixed.py. */
const mixed: Readonly<Record<string, readonly RecordedTensor[]>> = JSON.parse(
  readFileSync('test/fixtures/own/gguf/mixed.json', 'utf8'),
);

describe.each(Object.entries(mixed))(
  'a %s file of llama.cpp, whose tensors are of several types',
  (name, tensors) => {
    const path = `test/fixtures/own/gguf/mixed-${name}.gguf`;

    test('dequantises to the bits that gguf-py gives', async () => {
      const file = await openGguf(path);
      expect(new Set(tensors.map(({ type }) => type)).size).toBeGreaterThan(2);
      expect([...file.tensors.keys()]).toEqual(tensors.map(({ name }) => name));
      for (const { name, type, sha256_f32_le } of tensors) {
        expect(file.tensors.get(name)!.type).toBe(type);
        const values = await file.read(name);
        expect(createHash('sha256').update(new Uint8Array(values.buffer)).digest('hex'), name).toBe(
          sha256_f32_le,
        );
      }
      await file.close();
    });

    test('loads as a model', async () => {
      const weights = await loadWeights(path, await readModelConfig(path));
      expect(weights['model.embed_tokens.weight']!.shape).toEqual([256, 256]);
    });
  },
);
