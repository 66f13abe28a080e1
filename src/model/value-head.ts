import type { HostTensor, Named } from '../engine/engine.ts';
import { linear } from '../engine/ops/linear.ts';
import * as tf from '../engine/tfjs.ts';
import { parameter } from './decoder.ts';

/** Names of the value head's tensors, among the trained tensors and among a program's inputs. */
const WEIGHT = 'value_head.weight';
const BIAS = 'value_head.bias';

/** Makes a fresh value head: weight [1, D] and bias [1]. All are 0, so that every value is 0. */
export function initialiseValueHead(width: number): Record<string, HostTensor> {
  return {
    [WEIGHT]: { data: new Float32Array(width), shape: [1, width], dtype: 'float32' },
    [BIAS]: { data: new Float32Array(1), shape: [1], dtype: 'float32' },
  };
}

/** Computes the value w·h + b of each state, the reward still expected from there: hidden [N, D] → [N]. */
export function values(hidden: tf.Tensor2D, inputs: Named<tf.Tensor>): tf.Tensor1D {
  const raw = linear(hidden, parameter(inputs, WEIGHT) as tf.Tensor2D);
  return tf.add(tf.reshape(raw, [-1]), parameter(inputs, BIAS));
}
