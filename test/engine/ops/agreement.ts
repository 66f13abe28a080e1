import '@tensorflow/tfjs-backend-cpu';
import { expect } from 'vitest';
import * as tf from '../../../src/engine/tfjs.ts';
import { normal, randomStream } from '../../../src/random.ts';

type Inputs = Readonly<Record<string, tf.Tensor>>;
type Op = (inputs: Inputs) => tf.Tensor;

const stream = randomStream(7, 'op tests');

/** A tensor of standard normal deviates. */
export function randomTensor(shape: number[]): tf.Tensor {
  return tf.tensor(
    Array.from({ length: tf.util.sizeFromShape(shape) }, () => normal(stream)),
    shape,
    'float32',
  );
}

/** int32 values below `limit`. */
export function randomIds(shape: number[], limit: number): tf.Tensor {
  const size = tf.util.sizeFromShape(shape);
  return tf.tensor(
    Array.from({ length: size }, () => Math.floor(stream.next() * limit)),
    shape,
    'int32',
  );
}

/** The value of `op` and the gradients of sum(op ∘ weights) by every input named in `wrt`. */
function valueAndGradients(op: Op, inputs: Inputs, wrt: readonly string[], weights: tf.Tensor) {
  const loss = (...changed: tf.Tensor[]) => {
    const given = Object.fromEntries(wrt.map((name, i) => [name, changed[i]!]));
    return tf.sum(tf.mul(op({ ...inputs, ...given }), weights)) as tf.Scalar;
  };
  const { grads } = tf.valueAndGrads(loss)(wrt.map((name) => inputs[name]!));
  return { value: op(inputs), gradients: Object.fromEntries(wrt.map((name, i) => [name, grads[i]!])) };
}

/** Expects two ops to give the same value, and the same gradients by `wrt`, in float32. */
export function expectAgreement(
  ops: { readonly fused: Op; readonly reference: Op },
  inputs: Inputs,
  wrt: readonly string[],
): void {
  const weights = randomTensor(ops.reference(inputs).shape);
  const fused = valueAndGradients(ops.fused, inputs, wrt, weights);
  const reference = valueAndGradients(ops.reference, inputs, wrt, weights);
  expectClose(fused.value, reference.value, 'value');
  for (const name of wrt) expectClose(fused.gradients[name]!, reference.gradients[name]!, `d${name}`);
}

/** Expects equal shapes and |a − b| ≤ tolerance·(1 + max|b|). */
export function expectClose(a: tf.Tensor, b: tf.Tensor, what: string, tolerance = 2e-6): void {
  expect(a.shape, what).toEqual(b.shape);
  const expected = Array.from(b.dataSync());
  const scale = 1 + Math.max(...expected.map(Math.abs));
  // Math.max is NaN as soon as one argument is, and NaN passes no comparison.
  const worst = Math.max(...Array.from(a.dataSync(), (each, i) => Math.abs(each - expected[i]!)));
  expect(worst / scale, `${what}: largest difference ${worst}`).toBeLessThanOrEqual(tolerance);
}

/** Names and output shapes of the kernels that `run` runs. */
export async function kernelsOf(
  run: () => tf.Tensor | tf.Tensor[],
): Promise<{ name: string; shapes: number[][] }[]> {
  const profile = await tf.profile(() => run());
  return profile.kernels.map(({ name, outputShapes }) => ({ name, shapes: outputShapes }));
}
