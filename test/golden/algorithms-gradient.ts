import * as tf from '../../src/engine/tfjs.ts';
import { flat, type Json } from './algorithms-cases.ts';

/** A tensor of recorded numbers, whatever their rank. */
export function tensorOf(value: Json): tf.Tensor {
  const shape: number[] = [];
  for (let at = value; Array.isArray(at) || ArrayBuffer.isView(at); at = (at as Json)[0]) {
    shape.push((at as unknown as ArrayLike<number>).length);
  }
  return tf.tensor(flat(plainRows(value)), shape, 'float32');
}

/** Typed arrays, nested or not, as plain ones. */
export function plainRows(value: Json): Json {
  if (ArrayBuffer.isView(value)) return Array.from(value as unknown as ArrayLike<number>);
  return Array.isArray(value) ? value.map(plainRows) : value;
}

export const scalarsOf = (numbers: Readonly<Record<string, number>>) =>
  Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, tf.scalar(value)]));

/** The value, gradients and side results of a function of tensors, as numbers. */
export function differentiate(
  f: (...leaves: tf.Tensor[]) => { loss: tf.Tensor; metrics?: Record<string, tf.Tensor> },
  leaves: Json[],
) {
  return tf.tidy(() => {
    let extras: Record<string, tf.Tensor> = {};
    const scalar = (...xs: tf.Tensor[]) => {
      const { loss, metrics = {} } = f(...xs);
      extras = Object.fromEntries(Object.entries(metrics).map(([name, t]) => [name, tf.keep(t)]));
      return loss as tf.Scalar;
    };
    const { value, grads } = tf.valueAndGrads(scalar)(leaves.map(tensorOf));
    const metrics = Object.fromEntries(Object.entries(extras).map(([name, t]) => [name, t.dataSync()]));
    for (const t of Object.values(extras)) t.dispose();
    return { loss: value.dataSync()[0]!, grads: grads.map((g) => g.dataSync()), metrics };
  });
}
