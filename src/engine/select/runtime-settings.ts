import { z } from 'zod';

/** `runtime` of a recipe: the engine, and what it runs on. It changes the results only by rounding. */
export const runtime = z.strictObject({
  /** 'auto' takes gpu if it loads and sees a GPU, else onnx. */
  engine: z.enum(['auto', 'onnx', 'node', 'gpu']).default('auto'),
  /** Execution provider of the onnx engine. */
  device: z.enum(['cpu', 'webgpu', 'cuda']).default('cpu'),
  /** 0 uses every core. */
  threads: z.int().nonnegative().default(0),
});
