import { fusedOp } from '../engine/ops/fused-kernel.ts';
import * as tf from '../engine/tfjs.ts';
import type { Activation } from './adapter-settings.ts';

/** σ (value) and its derivative (slope). */
interface ActivationFunction {
  readonly value: (x: tf.Tensor) => tf.Tensor;
  readonly slope: (x: tf.Tensor) => tf.Tensor;
}

/** The standard normal distribution function Φ, and its density. */
const normalBelow = (x: tf.Tensor) => tf.mul(tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1), 0.5);
const normalDensity = (x: tf.Tensor) =>
  tf.mul(tf.exp(tf.mul(tf.square(x), -0.5)), 1 / Math.sqrt(2 * Math.PI));

/** tanh(c·(x + k·x³)) of the approximate gelu. */
const [GELU_C, GELU_K] = [Math.sqrt(2 / Math.PI), 0.044715];
const geluTanh = (x: tf.Tensor) =>
  tf.tanh(tf.mul(tf.mul(x, tf.add(tf.mul(tf.square(x), GELU_K), 1)), GELU_C));

const functions: Readonly<Record<Activation, ActivationFunction>> = {
  relu: { value: tf.relu, slope: (x) => tf.step(x) },
  gelu: {
    value: (x) => tf.mul(x, normalBelow(x)),
    slope: (x) => tf.add(normalBelow(x), tf.mul(x, normalDensity(x))),
  },
  'gelu-tanh': {
    value: (x) => tf.mul(tf.mul(x, 0.5), tf.add(geluTanh(x), 1)),
    slope: (x) => {
      const t = geluTanh(x);
      const inner = tf.mul(tf.add(tf.mul(tf.square(x), 3 * GELU_K), 1), GELU_C);
      return tf.mul(tf.add(tf.add(t, 1), tf.mul(tf.mul(x, tf.sub(1, tf.square(t))), inner)), 0.5);
    },
  },
  silu: {
    value: (x) => tf.mul(x, tf.sigmoid(x)),
    slope: (x) => {
      const s = tf.sigmoid(x);
      return tf.mul(s, tf.add(tf.mul(x, tf.sub(1, s)), 1));
    },
  },
};

type Inputs = { readonly x: tf.Tensor; readonly beta: tf.Tensor };

/** β·curved + (1−β)·straight */
const blend = (beta: tf.Tensor, curved: tf.Tensor, straight: tf.Tensor | number) =>
  tf.add(tf.mul(curved, beta), tf.mul(straight, tf.sub(1, beta)));

const kernel = fusedOp<Inputs, { readonly activation: Activation }>({
  kernelName: 'AnnealedActivation',
  inputs: ['x', 'beta'],
  composite: ({ x, beta }, { activation }) => [blend(beta, functions[activation].value(x), x)],
  gradient: ({ dys, inputs: { x, beta }, attributes: { activation } }) => ({
    x: () => tf.mul(dys[0]!, blend(beta, functions[activation].slope(x), 1)),
  }),
});

/**
 * The annealed activation φ(x; β) = β·σ(x) + (1−β)·x. It is σ at β = 1 and the identity at β = 0.
 *
 * x has any shape, β is a scalar. σ is relu (with σ′(0) = 0), gelu x·Φ(x), gelu-tanh (its tanh approximation), or silu
 * x·sigmoid(x). https://arxiv.org/abs/2512.22455
 */
export function annealedActivation<T extends tf.Tensor>(x: T, beta: tf.Tensor, activation: Activation): T {
  return kernel({ x, beta }, { activation })[0] as T;
}
