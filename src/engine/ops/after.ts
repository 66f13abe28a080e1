import * as tf from '../tfjs.ts';
import { fusedOp } from './fused-kernel.ts';

// An engine may order the ops of a program as it likes, as long as an op comes after its inputs. These ops add to that
// order. They change no value, and have no gradient: they stand inside gradients and other fused ops.

type Inputs = Readonly<Record<string, tf.Tensor>>;

const afterKernel = fusedOp<Inputs, Record<string, never>>({
  kernelName: 'After',
  inputs: [],
  composite: ({ x }) => [tf.clone(x!)],
  gradient: () => ({}),
});

const togetherKernel = fusedOp<Inputs, Record<string, never>>({
  kernelName: 'Together',
  inputs: [],
  composite: (inputs) => Object.values(inputs).map((x) => tf.clone(x)),
  gradient: () => ({}),
});

/**
 * Returns x, computed after `others`. An engine that orders ops itself must compute the others first; to one that
 * computes at once it is a copy.
 */
export function after<T extends tf.Tensor>(x: T, others: readonly tf.Tensor[]): T {
  if (others.length === 0) return x;
  return afterKernel({ x, ...numbered(others) }, {})[0] as T;
}

/** Returns tensors, each computed after all of them. So what only these were made of is gone when the first is read. */
export function together(tensors: readonly tf.Tensor[]): tf.Tensor[] {
  const filled = tensors.filter(({ size }) => size > 0);
  const made = togetherKernel(numbered(filled), {});
  return tensors.map((tensor) => made[filled.indexOf(tensor)] ?? tensor);
}

const numbered = (tensors: readonly tf.Tensor[]): Inputs =>
  Object.fromEntries(tensors.map((tensor, i) => [`after${i}`, tensor]));
