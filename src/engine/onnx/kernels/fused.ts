import { int64s, node, nodes, reshape, type Value } from '../trace/graph.ts';
import type { TraceKernel } from '../trace/trace-backend.ts';
import { zeroOf } from './order.ts';

/** Computes y = x/√(mean(x²)+ε) · weight over the last axis, and 1/√(mean(x²)+ε) for the gradient. */
const rmsNorm: TraceKernel = ({ x, weight }, { epsilon }) => {
  const statistics = [...x!.shape.slice(0, -1), 1];
  return nodes(
    'SimplifiedLayerNormalization',
    [x!, weight!],
    [
      { dtype: 'float32', shape: x!.shape },
      { dtype: 'float32', shape: statistics },
    ],
    { attributes: { axis: -1, epsilon: { float: epsilon as number }, stash_type: 1 } },
  );
};

/** Computes silu(gate) · up. QuickGelu with α = 1 is silu, x · sigmoid(x), in one pass. */
const swiGlu: TraceKernel = ({ gate, up }) => {
  const output = { dtype: 'float32', shape: gate!.shape } as const;
  const attributes = { alpha: { float: 1 } };
  const activated = node('QuickGelu', [gate!], output, { domain: 'com.microsoft', attributes });
  return node('Mul', [activated, up!], output);
};

/** Rotates each row's heads by the row's angles, in one pass. The inverse negates the sine. */
const rotary: TraceKernel = ({ x, cos, sin }, { headDim, inverse }) => {
  const [rows, width] = x!.shape as [number, number];
  const turn = inverse ? node('Neg', [sin!], { dtype: 'float32', shape: sin!.shape }) : sin!;
  // All rows form one sequence with positions from 0, so row n uses row n of the angles.
  const sequence = reshape(x!, [1, rows, width]);
  const turned = node(
    'RotaryEmbedding',
    [sequence, int64s([0]), cos!, turn],
    { dtype: 'float32', shape: [1, rows, width] },
    {
      domain: 'com.microsoft',
      attributes: {
        num_heads: width / (headDim as number),
        ...(2 * cos!.shape[1]! < (headDim as number) && { rotary_embedding_dim: 2 * cos!.shape[1]! }),
      },
    },
  );
  return reshape(turned, [rows, width]);
};

/** Returns x by an op that reads the others. */
const after: TraceKernel = ({ x, ...others }) => minus(x!, zeroOf(Object.values(others)));

/** Returns each input by an op that reads all. */
const together: TraceKernel = (inputs) => {
  const zero = zeroOf(Object.values(inputs));
  return Object.values(inputs).map((x) => minus(x, zero));
};

const minus = (x: Value, zero: Value): Value => {
  const { shape } = x;
  return node('Sub', [x, shape.length === 0 ? reshape(zero, []) : zero], { dtype: 'float32', shape });
};

/** The fused ops of engine/ops that onnxruntime computes in fewer passes than their composite form. */
export const fusedKernels: Readonly<Record<string, TraceKernel>> = {
  RmsNorm: rmsNorm,
  SwiGlu: swiGlu,
  Rotary: rotary,
  After: after,
  Together: together,
};
