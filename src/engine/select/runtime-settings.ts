import { z } from 'zod';

/**
 * `runtime` of a recipe: the engine, and what it runs on. All but baseDtype changes the results only by rounding, worker
 * not at all.
 */
export const runtime = z.strictObject({
  /** 'auto' takes gpu if it loads and sees a GPU, else onnx. */
  engine: z.enum(['auto', 'onnx', 'node', 'gpu']).default('auto'),
  /** Execution provider of the onnx engine. */
  device: z.enum(['cpu', 'webgpu', 'cuda']).default('cpu'),
  /** 0 uses every core. */
  threads: z.int().nonnegative().default(0),
  /**
   * GB that compiled programs of the onnx engine may take before the longest unused go; the packed weights don't count.
   * 'auto': an eighth of the machine's memory.
   */
  programCacheGB: z
    .union([z.literal('auto'), z.number().positive()], { error: "must be 'auto' or a number above 0" })
    .default('auto'),
  /**
   * Compute in a thread of its own, so that rewards, environments, dashboards and signals are served meanwhile; false
   * computes in the program's own thread.
   */
  worker: z.boolean().default(true),
  /**
   * How the frozen base is held in memory: its matrices in 32 or 16 bits a weight, or in 8 or 4 and a scale for 32 of
   * them. The rounded weights are the base that trains, samples, is the reference and is merged.
   */
  baseDtype: z.enum(['float32', 'bfloat16', 'q8', 'q4']).default('float32'),
  /**
   * Whether an update computes each layer a second time in its backward pass, in place of keeping what is inside: less
   * memory, about a fifth more time, the same gradients. 'auto' does so for micro-batches that would keep over 3 GB.
   */
  recompute: z.enum(['auto', 'always', 'never']).default('auto'),
});
