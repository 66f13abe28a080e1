import '@tensorflow/tfjs-backend-cpu';
import { beforeAll, describe, expect, test } from 'vitest';
import { klEstimators, klNamed } from '../../src/algorithm/kl/index.ts';
import * as tf from '../../src/engine/tfjs.ts';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const logprobs = [-0.5, -2, -1, -3];
const references = [-0.9, -1.2, -1, -2.5];

/** Values and gradients by log-prob of an estimator's tensor form. */
function differentiate(name: string): { values: number[]; slopes: number[] } {
  return tf.tidy(() => {
    const of = (x: tf.Tensor) => klNamed(name).tensor(x, tf.tensor1d(references));
    const slopes = tf.grad((x: tf.Tensor) => tf.sum(of(x)))(tf.tensor1d(logprobs));
    return {
      values: Array.from(of(tf.tensor1d(logprobs)).dataSync()),
      slopes: Array.from(slopes.dataSync()),
    };
  });
}

describe.each(Object.keys(klEstimators))('%s', (name) => {
  test('the tensor agrees with the number, and its gradient with finite differences', () => {
    const { values, slopes } = differentiate(name);
    const { of } = klNamed(name);
    logprobs.forEach((x, i) => {
      const reference = references[i]!;
      expect(values[i]).toBeCloseTo(of(x, reference), 5);
      const step = 1e-5;
      expect(slopes[i]).toBeCloseTo((of(x + step, reference) - of(x - step, reference)) / (2 * step), 4);
    });
  });

  test('a + keeps the value and takes the gradient of k2', () => {
    const plus = differentiate(`${name}+`);
    const plain = differentiate(name);
    plus.values.forEach((value, i) => {
      expect(value).toBeCloseTo(plain.values[i]!, 6);
      expect(plus.slopes[i]).toBeCloseTo(logprobs[i]! - references[i]!, 6);
    });
  });
});

test('an unknown estimator is refused by a list of names', () => {
  expect(() => klNamed('k4')).toThrow(/unknown KL estimator "k4".*k1/);
});
