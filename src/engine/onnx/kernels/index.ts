import type { TraceKernel } from '../trace/trace-backend.ts';
import { arrangementKernels } from './arrangement.ts';
import { elementwiseKernels } from './elementwise.ts';
import { fusedKernels } from './fused.ts';
import { indexingKernels } from './indexing.ts';
import { matmulKernels } from './matmul.ts';
import { quantisedKernels } from './quantised.ts';
import { reductionKernels } from './reduction.ts';

/** Every tfjs kernel that the onnx engine has. An op that needs another one fails with an error that names it. */
export const kernels: Readonly<Record<string, TraceKernel>> = {
  ...elementwiseKernels,
  ...reductionKernels,
  ...arrangementKernels,
  ...indexingKernels,
  ...matmulKernels,
  ...fusedKernels,
  ...quantisedKernels,
};
