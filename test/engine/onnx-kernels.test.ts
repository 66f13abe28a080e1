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
