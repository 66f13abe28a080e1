import * as tf from '../tfjs.ts';
import { fusedOp } from './fused-kernel.ts';

type Inputs = Readonly<Record<string, tf.Tensor>>;

const kernel = fusedOp<Inputs, Record<string, never>>({
  kernelName: 'After',
  inputs: ['x'],
  composite: ({ x }) => [tf.clone(x!)],
  gradient: ({ dys }) => ({ x: () => dys[0]! }),
});

/**
 * Returns x, computed after `others`. An engine that orders ops itself must compute the others first; to one that
 * computes at once it is a copy.
 */
export function after<T extends tf.Tensor>(x: T, others: readonly tf.Tensor[]): T {
  if (others.length === 0) return x;
  return kernel({ x, ...Object.fromEntries(others.map((other, i) => [`after${i}`, other])) }, {})[0] as T;
}

/** Returns tensors, each computed after all of them: what they were made of is not kept until the last is asked for. */
export function together(tensors: readonly tf.Tensor[]): tf.Tensor[] {
  const filled = tensors.filter(({ size }) => size > 0);
  return tensors.map((tensor) =>
    tensor.size === 0
      ? tensor
      : after(
          tensor,
          filled.filter((other) => other !== tensor),
        ),
  );
}
