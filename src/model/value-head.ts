import type { HostTensor, Named } from '../engine/engine.ts';
import { linear } from '../engine/ops/linear.ts';
import * as tf from '../engine/tfjs.ts';
import { parameter } from './decoder.ts';

/** Names of the value head among the tensors that train and among a program's inputs. */
const WEIGHT = 'value_head.weight';
const BIAS = 'value_head.bias';

/** A fresh value head of width D, weight [1, D] and bias [1]: all 0, so that every value is 0. */
export function initialiseValueHead(width: number): Record<string, HostTensor> {
  return {
    [WEIGHT]: { data: new Float32Array(width), shape: [1, width], dtype: 'float32' },
    [BIAS]: { data: new Float32Array(1), shape: [1], dtype: 'float32' },
  };
}

/** The value V = w·h + b of each state, hidden [N, D] → [N]: what is still to be earned from there on. */
export function values(hidden: tf.Tensor2D, inputs: Named<tf.Tensor>): tf.Tensor1D {
  const raw = linear(hidden, parameter(inputs, WEIGHT) as tf.Tensor2D);
  return tf.add(tf.reshape(raw, [-1]), parameter(inputs, BIAS));
}
