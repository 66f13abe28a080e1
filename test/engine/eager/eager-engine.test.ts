import { afterAll, describe, expect, test } from 'vitest';
import { createEagerEngine } from '../../../src/engine/eager/eager-engine.ts';
import type { Engine, HostTensor, Named } from '../../../src/engine/engine.ts';
import * as tf from '../../../src/engine/tfjs.ts';
import { InputError } from '../../../src/errors.ts';
import { isInstalled } from '../tfjs-node.ts';

const engine: Engine = await createEagerEngine('cpu');
afterAll(() => engine.dispose());

const floats = (values: readonly number[], shape: readonly number[] = [values.length]): HostTensor => ({
  data: Float32Array.from(values),
  shape,
  dtype: 'float32',
});
const big = (value: number): HostTensor => ({
  data: new Float32Array(256 * 512).fill(value),
  shape: [256, 512],
  dtype: 'float32',
});
const sum = (inputs: Named<tf.Tensor>) => ({ sum: tf.sum(inputs.w!) });

describe('an eager program', () => {
  test('computes outputs and gradients of every dtype it is given', async () => {
    const program = engine.compile(
      ({ x, n, m }) => {
        const { value, grads } = tf.valueAndGrads((a: tf.Tensor) => tf.sum(tf.square(a)) as tf.Scalar)([x!]);
        return {
          value,
          grad: grads[0]!,
          next: tf.add(n!, tf.scalar(1, 'int32')),
          not: tf.logicalNot(m!),
        };
      },
      { name: 'mixed' },
    );
    const out = await program.run({
      x: floats([1, 2, 3, 4], [2, 2]),
      n: { data: Int32Array.of(7, 8), shape: [2], dtype: 'int32' },
      m: { data: Uint8Array.of(1, 0), shape: [2], dtype: 'bool' },
    });
    expect(out.value).toEqual({ data: Float32Array.of(30), shape: [], dtype: 'float32' });
    expect(out.grad).toEqual(floats([2, 4, 6, 8], [2, 2]));
    expect(out.next).toEqual({ data: Int32Array.of(8, 9), shape: [2], dtype: 'int32' });
    expect(out.not).toEqual({ data: Uint8Array.of(0, 1), shape: [2], dtype: 'bool' });
    await program.dispose();
  });

  test('keeps a large input on the device while its array is the same, and sees a new version', async () => {
    const program = engine.compile(sum, { name: 'sum' });
    const first = big(1);
    expect((await program.run({ w: first })).sum!.data[0]).toBe(131072);
    const { numTensors } = tf.memory();
    expect(engine.stats().constantBytes).toBe(first.data.byteLength);
    for (let version = 2; version < 6; version++) {
      const w = big(version);
      for (let run = 0; run < 3; run++) {
        expect((await program.run({ w })).sum!.data[0]).toBe(131072 * version);
        expect(tf.memory().numTensors).toBe(numTensors);
      }
    }
    await program.dispose();
    expect(engine.stats()).toEqual({ compilations: 0, livePrograms: 0, constantBytes: 0 });
    expect(tf.memory().numTensors).toBe(numTensors - 1);
  });

  test('reads a mutable input anew at every call', async () => {
    const program = engine.compile(sum, { name: 'sum', mutable: ['w'] });
    const w = big(1);
    await program.run({ w });
    (w.data as Float32Array).fill(2);
    expect((await program.run({ w })).sum!.data[0]).toBe(262144);
    expect(engine.stats().constantBytes).toBe(0);
    await program.dispose();
  });

  test('shares one device copy of an array between programs, names and shapes', async () => {
    const shared = big(2);
    const a = engine.compile(({ w, bias }) => ({ y: tf.add(tf.sum(w!), bias!) }), {
      name: 'a',
      constants: { bias: floats([10]) },
    });
    const b = engine.compile(({ u, v }) => ({ rows: tf.sum(u!, 1), columns: tf.sum(v!, 0) }), { name: 'b' });
    expect((await a.run({ w: shared })).y!.data).toEqual(Float32Array.of(262154));
    const out = await b.run({ u: shared, v: { ...shared, shape: [2, 65536] } });
    expect(out.rows).toEqual({ data: new Float32Array(256).fill(1024), shape: [256], dtype: 'float32' });
    expect(out.columns).toEqual({ data: new Float32Array(65536).fill(4), shape: [65536], dtype: 'float32' });
    expect(engine.stats().constantBytes).toBe(shared.data.byteLength + 4);
    await a.dispose();
    expect(engine.stats().constantBytes).toBe(shared.data.byteLength);
    await b.dispose();
    expect(engine.stats().constantBytes).toBe(0);
  });

  test('may return an input as it is, more than once', async () => {
    const program = engine.compile(({ w }) => ({ same: w!, again: w!, sum: tf.sum(w!) }), { name: 'same' });
    const w = big(3);
    for (let run = 0; run < 2; run++) {
      const out = await program.run({ w });
      expect(out.same!.data[0]).toBe(3);
      expect(out.again!.shape).toEqual([256, 512]);
      expect(out.sum!.data[0]).toBe(393216);
    }
    await program.dispose();
  });

  test('leaves no tensor behind when its function throws, and runs again', async () => {
    const program = engine.compile(({ a, b }) => ({ y: tf.matMul(a as tf.Tensor2D, b as tf.Tensor2D) }), {
      name: 'matmul',
    });
    const { numTensors } = tf.memory();
    await expect(program.run({ a: floats([1, 2], [1, 2]), b: floats([1], [1, 1]) })).rejects.toThrow(
      /inner shapes/,
    );
    expect(tf.memory().numTensors).toBe(numTensors);
    const out = await program.run({ a: floats([1, 2], [1, 2]), b: floats([3, 4], [2, 1]) });
    expect(out.y).toEqual(floats([11], [1, 1]));
    await program.dispose();
    await expect(program.run({})).rejects.toThrow('program "matmul" was disposed');
  });
});

describe('engines in one process', () => {
  test('interleave without taking each other’s backend', async () => {
    const factory = tf.findBackendFactory('cpu');
    const asyncFactory = async () => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      return factory() as tf.KernelBackend;
    };
    tf.registerBackend('cpu-too', asyncFactory as () => Promise<tf.KernelBackend>);
    for (const kernel of tf.getKernelsForBackend('cpu')) {
      tf.registerKernel({ ...kernel, backendName: 'cpu-too' });
    }
    const { withBackend } = await import('../../../src/engine/with-backend.ts');
    const program = engine.compile(
      (inputs) => {
        expect(tf.getBackend()).toBe('cpu');
        return sum(inputs);
      },
      { name: 'sum' },
    );
    const mine = Array.from({ length: 4 }, (_, i) => program.run({ w: big(i) }));
    const theirs = Array.from({ length: 4 }, (_, i) =>
      withBackend('cpu-too', async () => {
        const x = tf.scalar(i);
        await new Promise((resolve) => setTimeout(resolve, 1));
        expect(tf.getBackend()).toBe('cpu-too');
        return tf.tidy(() => tf.add(x, x).dataSync()[0]);
      }),
    );
    const late = Array.from({ length: 4 }, (_, i) => program.run({ w: big(i) }));
    expect(await Promise.all(theirs)).toEqual([0, 2, 4, 6]);
    const sums = (await Promise.all([...mine, ...late])).map((out) => out.sum!.data[0]! / 131072);
    expect(sums).toEqual([0, 1, 2, 3, 0, 1, 2, 3]);
    await program.dispose();
    tf.removeBackend('cpu-too');
  });

  test('a failed turn does not hold up the next', async () => {
    const { takeTurn, withBackend } = await import('../../../src/engine/with-backend.ts');
    const failed = takeTurn(() => Promise.reject(new Error('mine alone')));
    const next = takeTurn(() => 1);
    await expect(failed).rejects.toThrow('mine alone');
    expect(await next).toBe(1);
    await expect(withBackend('nowhere', () => 1)).rejects.toThrow("'nowhere' not found");
  });
});

describe('a missing package', () => {
  test.skipIf(isInstalled('@tensorflow/tfjs-node-gpu'))(
    'is an InputError that says how to install it',
    async () => {
      const opening = createEagerEngine('gpu');
      await expect(opening).rejects.toBeInstanceOf(InputError);
      await expect(opening).rejects.toThrow(
        /@tensorflow\/tfjs-node-gpu, which is not installed: run npm i @tensorflow\/tfjs-node-gpu .*runtime\.engine=onnx/,
      );
    },
  );
});
