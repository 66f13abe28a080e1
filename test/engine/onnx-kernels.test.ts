import { afterAll, describe, expect, test } from 'vitest';
import type { HostTensor } from '../../src/engine/engine.ts';
import { createOnnxEngine } from '../../src/engine/onnx/onnx-engine.ts';
import * as tf from '../../src/engine/tfjs.ts';

/** What tfjs-core's own tests (op-tests.test.ts) cannot show of the kernels: they run on inputs, not constants. */
const engine = await createOnnxEngine({ threads: 1 });
afterAll(() => engine.dispose());

const floats = (values: readonly number[], shape: readonly number[] = [values.length]): HostTensor => ({
  data: Float32Array.from(values),
  shape,
  dtype: 'float32',
});
const integers = (values: readonly number[], shape: readonly number[] = [values.length]): HostTensor => ({
  data: Int32Array.from(values),
  shape,
  dtype: 'int32',
});

describe('kernels of the onnx engine', () => {
  test('gather refuses an index out of range when the program runs', async () => {
    const program = engine.compile(({ x, i }) => ({ y: tf.gather(x!, i as tf.Tensor1D) }), {
      name: 'gather',
    });
    const x = floats([1, 2, 3]);
    expect((await program.run({ x, i: integers([2, 0]) })).y!.data).toEqual(Float32Array.of(3, 1));
    await expect(program.run({ x, i: integers([3, 0]) })).rejects.toThrow(/out of data bounds/);
    await program.dispose();
  });

  test('unsortedSegmentSum drops rows whose id is negative or too large', async () => {
    const program = engine.compile(
      ({ x, ids }) => ({ y: tf.unsortedSegmentSum(x as tf.Tensor2D, ids as tf.Tensor1D, 2) }),
      { name: 'segments' },
    );
    const x = floats([1, 2, 3, 4, 5, 6, NaN, 8], [4, 2]);
    const out = await program.run({ x, ids: integers([1, -1, 1, 2]) });
    expect(out.y).toEqual(floats([0, 0, 6, 8], [2, 2]));
    await program.dispose();
  });

  test('unsortedSegmentSum adds up every row on several threads, the same each time', async () => {
    const threaded = await createOnnxEngine({ threads: 2 });
    const [count, width] = [4096, 64];
    const program = threaded.compile(
      ({ x, ids }) => ({ y: tf.unsortedSegmentSum(x as tf.Tensor2D, ids as tf.Tensor1D, 3) }),
      { name: 'segments' },
    );
    const x = floats(Array<number>(count * width).fill(1), [count, width]);
    const ids = integers(Array.from({ length: count }, (_, i) => i % 2));
    for (let run = 0; run < 20; run++) {
      const sums = (await program.run({ x, ids })).y!.data;
      expect(new Set(sums.slice(0, 2 * width))).toEqual(new Set([count / 2]));
    }
    await threaded.dispose();
  });

  test.each([
    { rows: 1, keys: 20, width: 12 },
    { rows: 3, keys: 20, width: 12 },
    { rows: 3, keys: 9, width: 8 },
    { rows: 8, keys: 17, width: 16 },
    { rows: 9, keys: 20, width: 12 },
  ])('a product of $rows rows with each matrix of a batch agrees with the sums themselves', async (sizes) => {
    const { rows, keys, width } = sizes;
    const numbers = (shape: readonly number[], step: number) =>
      floats(
        Array.from({ length: shape.reduce((x, y) => x * y, 1) }, (_, i) => ((i * step) % 17) - 8),
        shape,
      );
    const q = numbers([2, 3, rows, width], 5);
    const k = numbers([2, 3, keys, width], 7);
    const p = numbers([2, 3, rows, keys], 11);
    const program = engine.compile(
      ({ q, k, p }) => ({ scores: tf.matMul(q!, k!, false, true), mixed: tf.matMul(p!, k!) }),
      { name: 'few rows', dynamicAxes: { k: { 2: 'keys' }, p: { 3: 'keys' } } },
    );
    const out = await program.run({ q, k, p });
    expect(out.scores!.shape).toEqual([2, 3, rows, keys]);
    expect(out.mixed!.shape).toEqual([2, 3, rows, width]);
    const scores: number[] = [];
    const mixed: number[] = [];
    for (let row = 0; row < 6 * rows; row++) {
      const own = Math.floor(row / rows) * keys * width;
      for (let j = 0; j < keys; j++) {
        let sum = 0;
        for (let d = 0; d < width; d++) sum += q.data[row * width + d]! * k.data[own + j * width + d]!;
        scores.push(sum);
      }
      for (let d = 0; d < width; d++) {
        let sum = 0;
        for (let j = 0; j < keys; j++) sum += p.data[row * keys + j]! * k.data[own + j * width + d]!;
        mixed.push(sum);
      }
    }
    // Whole numbers below 2²⁴ are exact.
    expect(Array.from(out.scores!.data)).toEqual(scores);
    expect(Array.from(out.mixed!.data)).toEqual(mixed);
    await program.dispose();
  });

  test('squeeze drops axes of size 1 of a float tensor', async () => {
    const program = engine.compile(({ x }) => ({ all: tf.squeeze(x!), some: tf.squeeze(x!, [-1]) }), {
      name: 'squeeze',
    });
    const out = await program.run({ x: floats([1, 2, 3], [1, 3, 1]) });
    expect(out.all).toEqual(floats([1, 2, 3], [3]));
    expect(out.some).toEqual(floats([1, 2, 3], [1, 3]));
    await program.dispose();
  });

  test('an op without a kernel is an error that names it', async () => {
    const program = engine.compile(({ x }) => ({ y: tf.cumprod(x!) }), { name: 'cumprod' });
    await expect(program.run({ x: floats([1, 2]) })).rejects.toThrow(
      /'Cumprod' not registered for backend 'onnx'/,
    );
    await program.dispose();
  });
});
