import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { InputError } from '../../../src/errors.ts';
import { openSafetensors, readSafetensors, writeSafetensors } from '../../../src/model/files/safetensors.ts';
import { temporaryFolders } from '../../io/temporary-folder.ts';

const folder = temporaryFolders();

/** A file with this header (JSON, or text as it is) and so many bytes of data. */
function fileWith(header: unknown, dataBytes: number): string {
  const path = join(folder(), 'x.safetensors');
  const text = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  writeFileSync(path, Buffer.concat([length, text, Buffer.alloc(dataBytes)]));
  return path;
}

const f32 = (shape: number[], start: number, end: number) => ({
  dtype: 'F32',
  shape,
  data_offsets: [start, end],
});

describe('writing and reading', () => {
  const tensors = {
    'a.weight': { data: Float32Array.of(1, -0, 1e-40, NaN, Infinity, 3.14), shape: [2, 3] },
    scalar: { data: Float32Array.of(7), shape: [] },
    empty: { data: new Float32Array(0), shape: [0, 4] },
    view: { data: Float32Array.of(9, 8, 7, 6).subarray(1, 3), shape: [2] },
  };

  test('float32 comes back bit for bit, in order', async () => {
    const path = join(folder(), 'x.safetensors');
    await writeSafetensors(path, tensors);
    const read = await readSafetensors(path);
    expect(Object.keys(read)).toEqual(Object.keys(tensors));
    for (const [name, { data, shape }] of Object.entries(tensors)) {
      expect(read[name]).toEqual({ data: Float32Array.from(data), shape, dtype: 'F32' });
    }
  });

  test('the file begins with a padded header that says format pt', async () => {
    const path = join(folder(), 'x.safetensors');
    await writeSafetensors(path, { a: tensors.view });
    const bytes = readFileSync(path);
    const length = Number(bytes.readBigUInt64LE(0));
    expect(length % 8).toBe(0);
    expect(bytes.length).toBe(8 + length + 8);
    expect(JSON.parse(bytes.subarray(8, 8 + length).toString())).toEqual({
      __metadata__: { format: 'pt' },
      a: f32([2], 0, 8),
    });
  });

  test('BF16 halves the data and rounds to nearest', async () => {
    const path = join(folder(), 'x.safetensors');
    await writeSafetensors(path, { a: { data: Float32Array.of(1.001, -2), shape: [2] } }, { dtype: 'BF16' });
    expect((await readSafetensors(path)).a).toEqual({
      data: Float32Array.of(1, -2),
      shape: [2],
      dtype: 'BF16',
    });
  });

  test('a tensor is read alone, at its own place', async () => {
    const path = join(folder(), 'x.safetensors');
    await writeSafetensors(path, tensors, { metadata: { step: '3' } });
    const file = await openSafetensors(path);
    expect((await file.read('view')).data).toEqual(Float32Array.of(8, 7));
    expect(file.metadata).toEqual({ step: '3' });
    await expect(file.read('b')).rejects.toThrow('has no tensor "b"');
    await file.close();
  });

  test('a shape that does not fit its data is refused before anything is written', async () => {
    const path = join(folder(), 'x.safetensors');
    await expect(writeSafetensors(path, { a: { data: new Float32Array(3), shape: [2, 2] } })).rejects.toThrow(
      'tensor "a" of shape [2,2] has 3 values',
    );
    expect(() => readFileSync(path)).toThrow('ENOENT');
  });

  test('integers and doubles keep their type', async () => {
    const path = fileWith(
      {
        i64: { dtype: 'I64', shape: [1], data_offsets: [0, 8] },
        f64: { dtype: 'F64', shape: [1], data_offsets: [8, 16] },
        i32: { dtype: 'I32', shape: [2], data_offsets: [16, 24] },
        u8: { dtype: 'U8', shape: [3], data_offsets: [24, 27] },
        bool: { dtype: 'BOOL', shape: [1], data_offsets: [27, 28] },
      },
      28,
    );
    const read = await readSafetensors(path);
    expect(read.i64!.data).toEqual(BigInt64Array.of(0n));
    expect(read.f64!.data).toEqual(Float64Array.of(0));
    expect(read.i32!.data).toEqual(Int32Array.of(0, 0));
    expect(read.u8!.data).toEqual(Uint8Array.of(0, 0, 0));
    expect(read.bool!.data).toEqual(Uint8Array.of(0));
  });
});

describe('a damaged file is refused by name', () => {
  test.each([
    ['data cut short', { a: f32([2], 0, 8) }, 7, 'is truncated'],
    ['data too long', { a: f32([2], 0, 8) }, 9, 'its header accounts for'],
    ['overlapping tensors', { a: f32([2], 0, 8), b: f32([2], 4, 12) }, 12, '"b" at offset 4 overlaps'],
    ['a gap', { a: f32([1], 0, 4), b: f32([1], 8, 12) }, 12, '"b" at offset 8 leaves a gap'],
    ['offsets that contradict the shape', { a: f32([3], 0, 8) }, 8, 'needs 12 bytes, its offsets hold 8'],
    ['offsets the wrong way round', { a: f32([1], 4, 0) }, 4, 'its offsets hold -4'],
    ['an unknown dtype', { a: { dtype: 'F8_E4M3', shape: [1], data_offsets: [0, 1] } }, 1, '(got "F8_E4M3")'],
    ['a negative size', { a: f32([-1], 0, 4) }, 4, 'a.shape.0'],
    ['a field missing', { a: { dtype: 'F32', shape: [1] } }, 4, 'a.data_offsets'],
    ['a header that is not JSON', '{"a": ', 0, 'is not valid JSON'],
    ['a header that is a list', '[]', 0, 'expected object'],
  ])('%s', async (_, header, bytes, message) => {
    const path = fileWith(header, bytes);
    await expect(readSafetensors(path)).rejects.toThrow(InputError);
    await expect(readSafetensors(path)).rejects.toThrow(message);
    await expect(readSafetensors(path)).rejects.toThrow(path);
  });

  test('cut anywhere', async () => {
    const path = join(folder(), 'x.safetensors');
    await writeSafetensors(path, { a: { data: Float32Array.of(1, 2, 3), shape: [3] } });
    for (let size = readFileSync(path).length - 1; size >= 0; size--) {
      truncateSync(path, size);
      await expect(readSafetensors(path), `${size} bytes`).rejects.toThrow('is truncated');
    }
  });

  test('missing', async () => {
    await expect(readSafetensors(join(folder(), 'no.safetensors'))).rejects.toThrow('no such file');
  });
});
