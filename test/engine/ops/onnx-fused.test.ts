import { afterAll, describe, expect, test } from 'vitest';
import { annealedActivation } from '../../../src/adapter/annealed-activation.ts';
import { createEagerEngine } from '../../../src/engine/eager/eager-engine.ts';
import type { HostTensor, Named, ProgramFunction } from '../../../src/engine/engine.ts';
import { fusedKernels } from '../../../src/engine/onnx/kernels/fused.ts';
import { createOnnxEngine } from '../../../src/engine/onnx/onnx-engine.ts';
import { after, together } from '../../../src/engine/ops/after.ts';
import { rmsNorm } from '../../../src/engine/ops/rms-norm.ts';
import { rotary } from '../../../src/engine/ops/rotary.ts';
import { swiglu } from '../../../src/engine/ops/swiglu.ts';
import * as tf from '../../../src/engine/tfjs.ts';

/** The ops that the onnx engine computes with kernels of its own, against their composite form on the oracle. */
const onnx = await createOnnxEngine({ threads: 1 });
const oracle = await createEagerEngine('cpu');
afterAll(async () => {
  await onnx.dispose();
  await oracle.dispose();
});

const float = (shape: readonly number[], f: (i: number) => number): HostTensor => ({
  data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => f(i)),
  shape,
  dtype: 'float32',
});
const wave = (shape: readonly number[], pace: number) => float(shape, (i) => 1.5 * Math.sin(i * pace + 0.3));

/** The op's value, and the gradients of a weighted sum of it by every input but the last `constants`. */
function withGradients(op: (inputs: Named<tf.Tensor>) => tf.Tensor, wrt: readonly string[]): ProgramFunction {
  return (inputs) => {
    const loss = (...changed: tf.Tensor[]) => {
      const y = op({ ...inputs, ...Object.fromEntries(wrt.map((name, i) => [name, changed[i]!])) });
      return tf.sum(tf.mul(y, tf.sin(y))) as tf.Scalar;
    };
    const { grads } = tf.valueAndGrads(loss)(wrt.map((name) => inputs[name]!));
    return { value: op(inputs), ...Object.fromEntries(wrt.map((name, i) => [`d${name}`, grads[i]!])) };
  };
}

const cases: Record<
  string,
  { inputs: Named<HostTensor>; wrt: string[]; op: (t: Named<tf.Tensor>) => tf.Tensor }
> = {
  RmsNorm: {
    inputs: { x: wave([5, 12], 0.7), weight: wave([12], 1.1) },
    wrt: ['x', 'weight'],
    op: ({ x, weight }) => rmsNorm(x as tf.Tensor2D, weight as tf.Tensor1D, 1e-5),
  },
  SwiGlu: {
    inputs: { gate: wave([3, 7], 0.9), up: wave([3, 7], 1.7) },
    wrt: ['gate', 'up'],
    op: ({ gate, up }) => swiglu(gate as tf.Tensor2D, up as tf.Tensor2D),
  },
  'Rotary of a part': {
    inputs: {
      x: wave([6, 24], 0.6),
      cos: float([6, 3], (i) => Math.cos(i * 0.8)),
      sin: float([6, 3], (i) => Math.sin(i * 0.8)),
    },
    wrt: ['x'],
    op: ({ x, cos, sin }) =>
      rotary(x as tf.Tensor2D, { cos: cos as tf.Tensor2D, sin: sin as tf.Tensor2D }, 8),
  },
  Rotary: {
    inputs: {
      x: wave([6, 24], 0.6),
      cos: float([6, 4], (i) => Math.cos(i * 0.8)),
      sin: float([6, 4], (i) => Math.sin(i * 0.8)),
    },
    wrt: ['x'],
    op: ({ x, cos, sin }) =>
      rotary(x as tf.Tensor2D, { cos: cos as tf.Tensor2D, sin: sin as tf.Tensor2D }, 8),
  },
};

describe('fused kernels of the onnx engine', () => {
  test('are all tested here', () => {
    const kernels = new Set([...Object.keys(cases).map((name) => name.split(' ')[0]), 'After', 'Together']);
    expect([...kernels].sort()).toEqual(Object.keys(fusedKernels).sort());
  });

  test.each(Object.entries(cases))('%s agrees with its composite form, gradients too', async (name, one) => {
    const fn = withGradients(one.op, one.wrt);
    const expected = await oracle.compile(fn, { name }).run(one.inputs);
    const actual = await onnx.compile(fn, { name }).run(one.inputs);
    for (const [output, { data, shape }] of Object.entries(expected)) {
      expect(actual[output]!.shape).toEqual(shape);
      for (const [i, value] of data.entries()) {
        expect(Math.abs(actual[output]!.data[i]! - value), `${output}[${i}]`).toBeLessThan(2e-5);
      }
    }
  });

  test('After and Together return their inputs to the bit, whatever those are', async () => {
    const odd = [-0, 0, Number.NaN, Number.POSITIVE_INFINITY, -1e-45, 3.4e38];
    const inputs = {
      x: float([2, 3], (i) => odd[i]!),
      y: float([1, 2], (i) => odd[i + 2]!),
      z: float([], () => odd[3]!),
    };
    const program = onnx.compile(
      ({ x, y, z }) => {
        const [b, c] = together([y!, z!]) as [tf.Tensor, tf.Tensor];
        return { x: after(x!, [y!, z!]), y: b, z: c };
      },
      { name: 'order' },
    );
    const outputs = await program.run(inputs);
    for (const [name, { data, shape }] of Object.entries(inputs)) {
      expect(outputs[name]!.shape).toEqual(shape);
      expect(Array.from(outputs[name]!.data), name).toEqual(Array.from(data));
    }
  });

  test('a composite op traces too', async () => {
    const fn = withGradients(({ x, beta }) => annealedActivation(x!, beta!, 'gelu'), ['x']);
    const inputs = { x: wave([4, 5], 0.5), beta: float([], () => 0.4) };
    const expected = await oracle.compile(fn, { name: 'phi' }).run(inputs);
    const actual = await onnx.compile(fn, { name: 'phi' }).run(inputs);
    for (const [i, value] of expected.dx!.data.entries()) expect(actual.dx!.data[i]).toBeCloseTo(value, 5);
  });
});
