import '@tensorflow/tfjs-backend-cpu';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import type { HostTensor, Named, ProgramDType, ProgramFunction } from '../../src/engine/engine.ts';
import { createOnnxEngine } from '../../src/engine/onnx/onnx-engine.ts';
import * as tf from '../../src/engine/tfjs.ts';

const engine = await createOnnxEngine({ threads: 1 });
afterAll(() => engine.dispose());

const float = (shape: number[], f: (i: number) => number = (i) => Math.sin(i * 1.7) * 0.8): HostTensor => ({
  data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => f(i)),
  shape,
  dtype: 'float32',
});

/** The same program, eagerly, on the oracle backend. */
async function oracle(fn: ProgramFunction, inputs: Named<HostTensor>): Promise<Record<string, number[]>> {
  await tf.setBackend('cpu');
  const tensors = Object.fromEntries(
    Object.entries(inputs).map(([name, { data, shape, dtype }]) => [
      name,
      tf.tensor(data, [...shape], dtype as ProgramDType),
    ]),
  );
  return Object.fromEntries(Object.entries(fn(tensors)).map(([name, t]) => [name, Array.from(t.dataSync())]));
}

/** Two-layer network with a loss: its value and gradients. */
const network: ProgramFunction = ({ x, w1, w2, scale }) => {
  const loss = (a: tf.Tensor, b: tf.Tensor) => {
    const hidden = tf.mul(tf.sigmoid(tf.matMul(x as tf.Tensor2D, a as tf.Tensor2D, false, true)), scale!);
    const logits = tf.matMul(hidden as tf.Tensor2D, b as tf.Tensor2D);
    return tf.mean(tf.square(tf.logSoftmax(logits))) as tf.Scalar;
  };
  const { value, grads } = tf.valueAndGrads(loss)([w1!, w2!]);
  return { loss: value, w1: grads[0]!, w2: grads[1]! };
};

const inputs = { x: float([5, 7]), w1: float([6, 7]), w2: float([6, 9]), scale: float([], () => 1.3) };

describe('a compiled program', () => {
  test('gives the values and gradients of the oracle backend', async () => {
    const program = engine.compile(network, { name: 'network' });
    const expected = await oracle(network, inputs);
    const actual = await program.run(inputs);
    for (const name of Object.keys(expected)) {
      expect(actual[name]!.data.length).toBe(expected[name]!.length);
      for (const [i, value] of expected[name]!.entries()) expect(actual[name]!.data[i]).toBeCloseTo(value, 5);
    }
  });

  test('is compiled once a shape', async () => {
    const program = engine.compile(network, { name: 'network' });
    const before = engine.stats().compilations;
    await program.run(inputs);
    await program.run({ ...inputs, x: float([5, 7], (i) => i / 40) });
    expect(engine.stats().compilations).toBe(before + 1);
    await program.run({ ...inputs, x: float([3, 7]) });
    expect(engine.stats().compilations).toBe(before + 2);
  });

  test('changes its result when any input changes', async () => {
    const program = engine.compile(network, { name: 'network' });
    const base = (await program.run(inputs)).loss!.data[0];
    for (const name of Object.keys(inputs) as (keyof typeof inputs)[]) {
      const changed = float([...inputs[name].shape], (i) => Math.cos(i + 1) * 0.3);
      expect((await program.run({ ...inputs, [name]: changed })).loss!.data[0], name).not.toBe(base);
    }
  });

  test('gives the same result with an input held as a constant', async () => {
    const { w1, ...rest } = inputs;
    const program = engine.compile(network, { name: 'network', constants: { w1 } });
    const free = await engine.compile(network, { name: 'network' }).run(inputs);
    const held = await program.run(rest);
    expect(held.loss!.data[0]).toBeCloseTo(free.loss!.data[0]!, 6);
    expect(engine.stats().constantBytes).toBe(w1.data.byteLength);
    await program.dispose();
    expect(engine.stats().constantBytes).toBe(0);
  });

  test('serves every size of a dynamic axis with one compilation', async () => {
    const attention: ProgramFunction = ({ q, k }) => {
      const [batch, , , width] = q!.shape as [number, number, number, number];
      const heads = tf.reshape(q!, [batch, 2, -1, width]);
      const scores = tf.softmax(tf.matMul(heads, k!, false, true));
      return { out: tf.reshape(tf.matMul(scores, k!), [batch, -1]) };
    };
    const dynamicAxes = { q: { 0: 'B' }, k: { 0: 'B', 2: 'S' } };
    const program = engine.compile(attention, { name: 'attention', dynamicAxes });
    const before = engine.stats().compilations;
    for (const [batch, keys] of [
      [1, 1],
      [4, 9],
      [2, 30],
    ] as const) {
      const feeds = { q: float([batch, 4, 1, 8]), k: float([batch, 2, keys, 8]) };
      const { out } = await program.run(feeds);
      expect(out!.shape).toEqual([batch, 32]);
      const expected = (await oracle(attention, feeds)).out!;
      for (const [i, value] of expected.entries()) expect(out!.data[i]).toBeCloseTo(value, 5);
    }
    expect(engine.stats().compilations).toBe(before + 1);
  });

  test('that bakes in the size of a dynamic axis is refused', async () => {
    const fn: ProgramFunction = ({ x }) => ({ y: tf.div(x!, x!.shape[0]!) });
    const program = engine.compile(fn, { name: 'baked', dynamicAxes: { x: { 0: 'B' } } });
    await expect(program.run({ x: float([3, 2]) })).rejects.toThrow(/"baked".*dynamic axis/);
  });

  test('that uses an unknown op is refused with the name of the op', async () => {
    const program = engine.compile(({ x }) => ({ y: tf.acosh(x!) }), { name: 'unknown' });
    await expect(program.run({ x: float([2]) })).rejects.toThrow(/Acosh/);
  });

  test('that reads a value while traced is refused', async () => {
    const program = engine.compile(({ x }) => ({ y: tf.mul(x!, x!.dataSync()[0]!) }), { name: 'reader' });
    await expect(program.run({ x: float([2]) })).rejects.toThrow(/must not depend on values/);
  });

  test('beyond the byte budget releases the longest unused', async () => {
    const small = await createOnnxEngine({ threads: 1, cacheBytes: 1 });
    const program = small.compile(({ x }) => ({ y: tf.exp(x!) }), { name: 'exp' });
    for (const n of [1, 2, 3]) await program.run({ x: float([n]) });
    expect(small.stats().compilations).toBe(3);
    expect(small.stats().livePrograms).toBe(1);
    await small.dispose();
  });

  test('takes sizes that are sums and products of dynamic ones, and counts up to them', async () => {
    // Two groups of rows, of which one comes in sixes, in one tensor and apart again; and each row's number.
    const fn: ProgramFunction = ({ a, b }) => {
      const [rows, width] = a!.shape as [number, number];
      const all = tf.concat([tf.reshape(a!, [-1]), tf.reshape(b!, [-1])]);
      const doubled = tf.mul(tf.reshape(all, [rows * width + b!.shape[0]! * b!.shape[1]!]), 2);
      const [first, second] = tf.split(doubled, [rows * width, b!.shape[0]! * b!.shape[1]!]) as [
        tf.Tensor,
        tf.Tensor,
      ];
      const numbers = tf.range(3, 3 + 2 * rows * width, 2, 'int32');
      return {
        first: tf.add(first, tf.cast(numbers, 'float32')),
        second: tf.slice(second, [rows], [b!.shape[0]! * b!.shape[1]! - rows]),
        sizes: tf.fill([2], rows, 'int32'),
      };
    };
    const dynamicAxes = { a: { 0: 'rows', 1: 'width' }, b: { 0: '6*rows', 1: 'other' } };
    const program = engine.compile(fn, { name: 'sums', dynamicAxes });
    const before = engine.stats().compilations;
    for (const [rows, width, other] of [
      [1, 1, 1],
      [3, 5, 2],
      [2, 9, 4],
    ] as const) {
      const feeds = { a: float([rows, width]), b: float([6 * rows, other]) };
      const actual = await program.run(feeds);
      const expected = await oracle(fn, feeds);
      for (const [name, values] of Object.entries(expected))
        expect(Array.from(actual[name]!.data)).toEqual(values);
    }
    expect(engine.stats().compilations).toBe(before + 1);
  });

  test('with constants stays, whatever else is compiled, and holds them for one set of shapes', async () => {
    const small = await createOnnxEngine({ threads: 1, cacheBytes: 1 });
    const w = float([64, 7]);
    const held = small.compile(
      ({ x, w }) => ({ y: tf.matMul(x as tf.Tensor2D, w as tf.Tensor2D, false, true) }),
      {
        name: 'held',
        constants: { w },
      },
    );
    const other = small.compile(({ x }) => ({ y: tf.exp(x!) }), { name: 'exp' });
    const { y } = await held.run({ x: float([2, 7]) });
    for (const n of [1, 2, 3]) await other.run({ x: float([n]) });
    expect((await held.run({ x: float([2, 7]) })).y).toEqual(y);
    expect(small.stats()).toEqual({ compilations: 4, livePrograms: 2, constantBytes: w.data.byteLength });
    await held.run({ x: float([3, 7]) });
    expect(small.stats()).toEqual({ compilations: 5, livePrograms: 2, constantBytes: w.data.byteLength });
    await small.dispose();
  });
});

describe('the file of a program’s constants', () => {
  const tmp = process.env.TMPDIR;
  afterEach(() => {
    if (tmp === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = tmp;
  });
  const run = () => {
    const program = engine.compile(({ x, w }) => ({ y: tf.mul(x!, w!) }), {
      name: 'held',
      constants: { w: float([5]) },
    });
    return program.run({ x: float([5]) });
  };

  test('is deleted once the program is compiled, and so is one that a crash left', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'engine-test-'));
    process.env.TMPDIR = folder;
    mkdirSync(join(folder, 'anneal-constants-old'));
    utimesSync(join(folder, 'anneal-constants-old'), 1e9, 1e9);
    await run();
    expect(readdirSync(folder)).toEqual([]);
  });

  test('is done without where it can’t be written, with a warning that names the folder', async () => {
    const written = await run();
    process.env.TMPDIR = '/no/such/folder';
    const warned = once(process, 'warning');
    expect(await run()).toEqual(written);
    expect(String((await warned)[0])).toMatch(/\/no\/such\/folder.*TMPDIR/);
  });
});
