import { afterAll, describe, expect, test } from 'vitest';
import { createEagerEngine } from '../../../src/engine/eager/eager-engine.ts';
import type { HostTensor, Named, ProgramFunction } from '../../../src/engine/engine.ts';
import { createOnnxEngine } from '../../../src/engine/onnx/onnx-engine.ts';
import { linear } from '../../../src/engine/ops/linear.ts';
import { logprobHead } from '../../../src/engine/ops/logprob-head.ts';
import { quantisedProduct } from '../../../src/engine/ops/quantised-weight.ts';
import { takeRows } from '../../../src/engine/ops/take-rows.ts';
import * as tf from '../../../src/engine/tfjs.ts';
import { floatWeight, weightMatrix } from '../../../src/model/weights/base-weights.ts';
import { weightWriter } from '../../../src/model/weights/weight-writer.ts';
import { normal, randomStream } from '../../../src/random.ts';

/** Programs with a quantised weight, on both kinds of engine, against plain products with the weight widened by hand. */
const onnx = await createOnnxEngine({ threads: 1 });
const cpu = await createEagerEngine('cpu');
afterAll(async () => {
  await onnx.dispose();
  await cpu.dispose();
});

const stream = randomStream(5, 'quantised weights');
const random = (...shape: number[]): HostTensor => ({
  data: Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => normal(stream)),
  shape,
  dtype: 'float32',
});
const ids = (...data: number[]): HostTensor => ({
  data: Int32Array.from(data),
  shape: [data.length],
  dtype: 'int32',
});

const formats = ['bfloat16', 'q8', 'q4'] as const;
type Format = (typeof formats)[number];

function quantised(shape: [number, number], format: Format) {
  const writer = weightWriter('w', shape, format);
  writer.write(random(...shape).data as Float32Array, 0);
  const parts = writer.tensors;
  return { parts, widened: { w: floatWeight(parts, 'w')! } };
}

/** Values, and gradients by x, of a program over the weight `w`. */
const withGradient =
  (f: (t: Named<tf.Tensor>, x: tf.Tensor2D) => tf.Tensor): ProgramFunction =>
  (inputs) => {
    const loss = (x: tf.Tensor) => {
      const y = f(inputs, x as tf.Tensor2D);
      return tf.sum(tf.mul(y, tf.sin(y))) as tf.Scalar;
    };
    const { value, grad } = tf.valueAndGrad(loss)(inputs.x!);
    return { value, y: f(inputs, inputs.x as tf.Tensor2D), grad };
  };

const programs: Record<
  string,
  { f: (t: Named<tf.Tensor>, x: tf.Tensor2D) => tf.Tensor; width: 'in' | 'out' }
> = {
  x·Ŵᵀ: { f: (t, x) => linear(x, weightMatrix(t, 'w')), width: 'in' },
  y·Ŵ: {
    f: (t, x) => {
      const w = weightMatrix(t, 'w');
      return 'format' in w ? quantisedProduct(x, w) : tf.matMul(x, w);
    },
    width: 'out',
  },
  'log-probs': {
    f: (t, hidden) => {
      const temperature = tf.scalar(0.7);
      const weight = weightMatrix(t, 'w');
      const targets = t.targets as tf.Tensor1D;
      const head = logprobHead({ hidden, weight, targets, temperature }, { chunk: 3, entropyGradient: true });
      return tf.add(head.logprobs, head.entropy);
    },
    width: 'in',
  },
};

function expectEqual(actual: Named<HostTensor>, expected: Named<HostTensor>, tolerance = 1e-4): void {
  for (const [name, { data, shape }] of Object.entries(expected)) {
    expect(actual[name]!.shape, name).toEqual(shape);
    const scale = 1 + Math.max(...Array.from(data, Math.abs));
    const gaps = Array.from(data, (each, i) => Math.abs(each - actual[name]!.data[i]!) / scale);
    expect(Math.max(...gaps), name).toBeLessThan(tolerance);
  }
}

describe.each(formats)('%s', (format) => {
  const shape: [number, number] = [45, 96];
  const { parts, widened } = quantised(shape, format);

  test.each(Object.entries(programs))(
    '%s: values and gradients are those of the widened weight',
    async (name, { f, width }) => {
      const inputs = { x: random(5, width === 'in' ? 96 : 45), targets: ids(44, 0, 3, 17, 20) };
      const fn = withGradient(f);
      const expected = await cpu.compile(fn, { name }).run({ ...inputs, ...widened });
      expectEqual(await cpu.compile(fn, { name }).run({ ...inputs, ...parts }), expected);
      expectEqual(await onnx.compile(fn, { name }).run({ ...inputs, ...parts }), expected);
    },
  );

  test('rows are those of the widened weight, to the bit', async () => {
    const fn: ProgramFunction = (t) => ({ y: takeRows(weightMatrix(t, 'w'), t.rows as tf.Tensor1D) });
    const rows = ids(44, 0, 0, 12);
    const expected = await cpu.compile(fn, { name: 'rows' }).run({ rows, ...widened });
    for (const engine of [cpu, onnx]) {
      const { y } = await engine.compile(fn, { name: 'rows' }).run({ rows, ...parts });
      expect(y).toEqual(expected.y);
    }
  });

  test('as a constant, and for any number of rows in one compilation', async () => {
    const fn: ProgramFunction = (t) => ({ y: linear(t.x as tf.Tensor2D, weightMatrix(t, 'w')) });
    const options = { name: 'fixed', dynamicAxes: { x: { 0: 'rows' } } };
    const fixed = onnx.compile(fn, { ...options, constants: parts });
    const before = onnx.stats().compilations;
    for (const rows of [1, 7, 70]) {
      const x = random(rows, 96);
      const expected = await cpu.compile(fn, { name: 'plain' }).run({ x, ...widened });
      expectEqual(await fixed.run({ x }), expected);
    }
    expect(onnx.stats().compilations).toBe(before + 1);
    await fixed.dispose();
  });

  test('a weight of several pieces', async () => {
    const large: [number, number] = [2100, 4096];
    const big = quantised(large, format);
    for (const [f, width] of [
      [programs.x·Ŵᵀ!.f, 4096],
      [programs.y·Ŵ!.f, 2100],
    ] as const) {
      const fn: ProgramFunction = (t) => ({ y: f(t, t.x as tf.Tensor2D) });
      const x = random(3, width);
      const expected = await onnx.compile(fn, { name: 'whole' }).run({ x, ...big.widened });
      expectEqual(await onnx.compile(fn, { name: 'pieces' }).run({ x, ...big.parts }), expected);
    }
  });
});
