import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { dequantise } from '../../../src/model/files/gguf.ts';
import { quantType } from '../../../src/model/files/gguf-dequantise.ts';

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
