import { node, nodes, type Value } from '../graph.ts';
import type { TraceKernel } from '../trace-backend.ts';

/** y = x/√(mean(x²)+ε) · weight over the last axis, and 1/√(mean(x²)+ε) for the gradient. */
const rmsNorm: TraceKernel = ({ x, weight }, { eps }) => {
  const statistics = [...x!.shape.slice(0, -1), 1];
  return nodes(
    'SimplifiedLayerNormalization',
    [x!, weight!],
    [
      { dtype: 'float32', shape: x!.shape },
      { dtype: 'float32', shape: statistics },
    ],
    { attributes: { axis: -1, epsilon: { float: eps as number }, stash_type: 1 } },
  );
};

/** silu(x) = x · sigmoid(x) in one pass. */
const silu: TraceKernel = ({ x }): Value =>
  node(
    'QuickGelu',
    [x!],
    { dtype: 'float32', shape: x!.shape },
    { domain: 'com.microsoft', attributes: { alpha: { float: 1 } } },
  );

/** The framework's own kernels (engine/ops) that onnxruntime has as one op. */
export const fusedKernels: Readonly<Record<string, TraceKernel>> = { RmsNorm: rmsNorm, Silu: silu };
