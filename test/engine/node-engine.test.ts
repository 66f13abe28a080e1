import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createEagerEngine } from '../../src/engine/eager/eager-engine.ts';
import type { Engine, HostTensor, ProgramFunction } from '../../src/engine/engine.ts';
import { openEngine } from '../../src/engine/select/select-engine.ts';
import * as tf from '../../src/engine/tfjs.ts';
import { InputError } from '../../src/errors.ts';
import { randomStream } from '../../src/random.ts';
import { hasTfjsNode } from './tfjs-node.ts';

/**
 * The eager path of `node` and `gpu` on real TensorFlow: equal to the oracle. Without the package the tests skip;
 * `bash scripts/build-tfjs-node.sh` puts it there.
 */
const title = 'engine node';
const why = '@tensorflow/tfjs-node is not installed: bash scripts/build-tfjs-node.sh builds it';

if (!hasTfjsNode) test.skip(`${title}: ${why}`, () => {});

describe.skipIf(!hasTfjsNode)(title, () => {
  let node: Engine;
  let cpu: Engine;
  beforeAll(async () => {
    cpu = await createEagerEngine('cpu');
    node = await openEngine({ engine: 'node', device: 'cpu', threads: 2 });
  });
  afterAll(async () => {
    await node.dispose();
    await cpu.dispose();
  });

  const stream = randomStream(0, 'node-engine');
  const random = (...shape: number[]): HostTensor => ({
    data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => stream.next() - 0.5),
    shape,
    dtype: 'float32',
  });

  async function expectAgreement(fn: ProgramFunction, inputs: Record<string, HostTensor>): Promise<void> {
    const programs = [node, cpu].map((engine) => engine.compile(fn, { name: 'agreement' }));
    const [actual, expected] = await Promise.all(programs.map((program) => program.run(inputs)));
    await Promise.all(programs.map((program) => program.dispose()));
    expect(Object.keys(actual!)).toEqual(Object.keys(expected!));
    for (const [name, { data, shape, dtype }] of Object.entries(expected!)) {
      expect(actual![name]!.shape).toEqual(shape);
      expect(actual![name]!.dtype).toBe(dtype);
      const worst = Math.max(...Array.from(data, (value, i) => Math.abs(value - actual![name]!.data[i]!)));
      expect(worst, name).toBeLessThanOrEqual(1e-5);
    }
  }

  test('runs on TensorFlow', async () => {
    const program = node.compile(
      ({ x }) => {
        expect(tf.getBackend()).toBe('tensorflow');
        return { y: tf.add(x!, x!) };
      },
      { name: 'double' },
    );
    expect((await program.run({ x: random(3) })).y!.shape).toEqual([3]);
    await program.dispose();
  });

  test('equals the oracle on a matmul', () =>
    expectAgreement(({ a, b }) => ({ y: tf.matMul(a!, b!, false, true) }), {
      a: random(4, 33, 64),
      b: random(4, 65, 64),
    }));

  test('equals the oracle on the gradients of a gated two-layer net with an integer label', () => {
    const loss = (x: tf.Tensor, w: tf.Tensor, v: tf.Tensor, labels: tf.Tensor) => {
      const h = tf.matMul(x, w) as tf.Tensor2D;
      const logits = tf.matMul(tf.mul(h, tf.sigmoid(h)), v as tf.Tensor2D);
      const picked = tf.mul(tf.logSoftmax(logits), tf.oneHot(labels as tf.Tensor1D, 11));
      return tf.neg(tf.mean(tf.sum(picked, -1))) as tf.Scalar;
    };
    return expectAgreement(
      ({ x, w, v, labels }) => {
        const run = (w: tf.Tensor, v: tf.Tensor) => loss(x!, w, v, labels!);
        const { value, grads } = tf.valueAndGrads(run)([w!, v!]);
        return { value, dw: grads[0]!, dv: grads[1]! };
      },
      {
        x: random(16, 32),
        w: random(32, 48),
        v: random(48, 11),
        labels: { data: Int32Array.from({ length: 16 }, (_, i) => i % 11), shape: [16], dtype: 'int32' },
      },
    );
  });

  test('keeps the tensor count flat over runs, weights on the device', async () => {
    const program = node.compile(({ w, x }) => ({ y: tf.matMul(x!, w!) }), { name: 'flat' });
    const w = random(512, 256);
    await program.run({ w, x: random(2, 512) });
    const { numTensors } = tf.memory();
    for (let i = 0; i < 5; i++) await program.run({ w, x: random(2, 512) });
    await program.run({ w: random(512, 256), x: random(2, 512) });
    expect(tf.memory().numTensors).toBe(numTensors);
    await program.dispose();
    expect(tf.memory().numTensors).toBe(numTensors - 1);
  });

  test('engine gpu is refused in a process that runs node', async () => {
    await expect(createEagerEngine('gpu')).rejects.toBeInstanceOf(InputError);
  });
});
