import '@tensorflow/tfjs-backend-cpu';
import { beforeAll, expect, test } from 'vitest';
import { constantOf, detach } from '../../../src/algorithm/statistics/stop-gradient.ts';
import * as tf from '../../../src/engine/tfjs.ts';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

test('a detached factor scales the gradient but has none of its own', () => {
  const slope = tf.grad((x: tf.Tensor) => tf.sum(tf.mul(x, detach(x))))(tf.tensor1d([2, -3]));
  expect(Array.from(slope.dataSync())).toEqual([2, -3]);
});

test('ops without a gradient may be used inside a constant', () => {
  const slope = tf.grad((x: tf.Tensor) => {
    const positive = constantOf((value) => tf.cast(tf.greater(value, tf.scalar(0)), 'float32'), x);
    return tf.sum(tf.mul(tf.square(x), positive));
  })(tf.tensor1d([2, -3]));
  expect(Array.from(slope.dataSync())).toEqual([4, 0]);
});
