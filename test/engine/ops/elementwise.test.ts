import { beforeAll, describe, expect, test } from 'vitest';
import { gatedGelu } from '../../../src/engine/ops/gated-gelu.ts';
import { linear } from '../../../src/engine/ops/linear.ts';
import { rmsNorm } from '../../../src/engine/ops/rms-norm.ts';
import { rotary } from '../../../src/engine/ops/rotary.ts';
import { swiglu } from '../../../src/engine/ops/swiglu.ts';
import { takeRows } from '../../../src/engine/ops/take-rows.ts';
import * as tf from '../../../src/engine/tfjs.ts';
import { expectAgreement, expectClose, kernelsOf, randomIds, randomTensor } from './agreement.ts';

beforeAll(() => tf.setBackend('cpu'));

describe('rmsNorm', () => {
  test.each([
    [1, 1],
    [1, 7],
    [5, 1],
    [6, 33],
  ])('agrees with its formula, [%i, %i]', (rows, width) => {
    expectAgreement(
      {
        fused: ({ x, weight }) => rmsNorm(x as tf.Tensor2D, weight as tf.Tensor1D, 1e-5),
        reference: ({ x, weight }) => {
          const norm = tf.sqrt(tf.add(tf.mean(tf.square(x!), 1, true), 1e-5));
          return tf.mul(tf.div(x!, norm), weight!);
        },
      },
      { x: randomTensor([rows, width]), weight: randomTensor([width]) },
      ['x', 'weight'],
    );
  });

  test('a row of zeros gives zeros, not NaN', () => {
    expectClose(rmsNorm(tf.zeros([2, 4]), tf.ones([4]), 1e-6), tf.zeros([2, 4]), 'value');
  });
});

describe('rotary', () => {
  const formula = (x: tf.Tensor, cos: tf.Tensor, sin: tf.Tensor, headDim: number) => {
    const [rows, width] = x.shape as [number, number];
    const half = cos.shape[1]!;
    const whole = tf.reshape(x, [rows, width / headDim, headDim]);
    const heads = tf.slice(whole, [0, 0, 0], [-1, -1, 2 * half]);
    const turned = tf.concat(
      [tf.neg(tf.slice(heads, [0, 0, half])), tf.slice(heads, [0, 0, 0], [-1, -1, half])],
      2,
    );
    const both = (angle: tf.Tensor) => tf.expandDims(tf.concat([angle, angle], 1), 1);
    const rotated = tf.add(tf.mul(heads, both(cos)), tf.mul(turned, both(sin)));
    return tf.reshape(tf.concat([rotated, tf.slice(whole, [0, 0, 2 * half])], 2), x.shape);
  };

  test.each([
    [1, 1, 2, 2],
    [5, 3, 4, 4],
    [4, 2, 10, 10],
    [4, 2, 8, 6],
  ])('agrees with x·cos + rotate_half(x)·sin, %i rows of %i heads of %i, %i rotated', (...sizes) => {
    const [rows, heads, headDim, rotated] = sizes;
    const angles = randomTensor([rows, rotated / 2]);
    const inputs = { x: randomTensor([rows, heads * headDim]), cos: tf.cos(angles), sin: tf.sin(angles) };
    expectAgreement(
      {
        fused: ({ x, cos, sin }) =>
          rotary(x as tf.Tensor2D, { cos: cos as tf.Tensor2D, sin: sin as tf.Tensor2D }, headDim),
        reference: ({ x, cos, sin }) => formula(x!, cos!, sin!, headDim),
      },
      inputs,
      ['x'],
    );
  });
});

describe('swiglu', () => {
  test.each([
    [1, 1],
    [5, 7],
  ])('agrees with gate·sigmoid(gate)·up, [%i, %i]', (rows, width) => {
    expectAgreement(
      {
        fused: ({ gate, up }) => swiglu(gate as tf.Tensor2D, up as tf.Tensor2D),
        reference: ({ gate, up }) => tf.mul(tf.mul(gate!, tf.sigmoid(gate!)), up!),
      },
      { gate: tf.mul(randomTensor([rows, width]), 4), up: randomTensor([rows, width]) },
      ['gate', 'up'],
    );
  });
});

describe('gatedGelu', () => {
  test.each([
    [1, 1],
    [5, 7],
  ])('agrees with its formula, [%i, %i]', (rows, width) => {
    const cube = (x: tf.Tensor) => tf.mul(tf.mul(x, x), x);
    const inner = (x: tf.Tensor) => tf.mul(Math.sqrt(2 / Math.PI), tf.add(x, tf.mul(0.044715, cube(x))));
    const gelu = (x: tf.Tensor) => tf.mul(tf.mul(0.5, x), tf.add(1, tf.tanh(inner(x))));
    expectAgreement(
      {
        fused: ({ gate, up }) => gatedGelu(gate as tf.Tensor2D, up as tf.Tensor2D),
        reference: ({ gate, up }) => tf.mul(gelu(gate!), up!),
      },
      { gate: tf.mul(randomTensor([rows, width]), 3), up: randomTensor([rows, width]) },
      ['gate', 'up'],
    );
  });
});

describe('takeRows', () => {
  test('adds up the gradients of a row that is taken several times', () => {
    const rows = tf.tensor1d([2, 0, 2, 2], 'int32');
    expectAgreement(
      {
        fused: ({ table }) => takeRows(table as tf.Tensor2D, rows),
        reference: ({ table }) => tf.matMul(tf.cast(tf.oneHot(rows, 4), 'float32'), table!),
      },
      { table: randomTensor([4, 3]) },
      ['table'],
    );
  });
});

describe('linear', () => {
  test('agrees with x·Wᵀ + b, gradients included', () => {
    expectAgreement(
      {
        fused: ({ x, w, b }) => linear(x as tf.Tensor2D, w as tf.Tensor2D, b as tf.Tensor1D),
        reference: ({ x, w, b }) => tf.add(tf.matMul(x!, tf.transpose(w!)), b!),
      },
      { x: randomTensor([5, 3]), w: randomTensor([4, 3]), b: randomTensor([4]) },
      ['x', 'w', 'b'],
    );
  });

  test('a frozen weight costs no gradient', async () => {
    const x = randomTensor([5, 3]) as tf.Tensor2D;
    const w = randomTensor([4, 3]) as tf.Tensor2D;
    const kernels = await kernelsOf(() => tf.grad((each) => tf.sum(linear(each as tf.Tensor2D, w)))(x));
    expect(kernels.filter(({ name }) => name === 'BatchMatMul').map(({ shapes }) => shapes)).toEqual([
      [[5, 4]],
      [[5, 3]],
    ]);
  });
});

test('ops leave no tensors behind', () => {
  const x = randomTensor([4, 6]) as tf.Tensor2D;
  const ids = randomIds([4], 4) as tf.Tensor1D;
  const weight = tf.ones([6]) as tf.Tensor1D;
  const step = () =>
    tf.tidy(() =>
      tf.valueAndGrad((each) => tf.sum(takeRows(swiglu(rmsNorm(each as tf.Tensor2D, weight, 1e-6), x), ids)))(
        x,
      ),
    );
  tf.dispose(step());
  const before = tf.memory().numTensors;
  tf.dispose(step());
  expect(tf.memory().numTensors).toBe(before);
});
