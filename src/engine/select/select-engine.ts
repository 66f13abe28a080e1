import { existsSync } from 'node:fs';
import { createEagerEngine } from '../eager/eager-engine.ts';
import type { Engine } from '../engine.ts';

export interface EngineChoice {
  /** 'auto' takes gpu where it loads and sees a GPU, else onnx. */
  readonly engine: 'auto' | 'onnx' | 'node' | 'gpu';
  /** Execution provider of the onnx engine; the others have a device of their own. */
  readonly device: 'cpu' | 'webgpu' | 'cuda';
  /** Threads of one op; 0 uses every core. */
  readonly threads: number;
}

/**
 * Opens the engine that a recipe's `runtime` asks for.
 * @throws InputError when the engine asked for by name can't start here, saying how to mend it.
 */
export async function openEngine({ engine, device, threads }: EngineChoice): Promise<Engine> {
  if (engine === 'gpu' || engine === 'node') return openEager(engine, threads);
  if (engine === 'auto' && device === 'cpu' && hasNvidiaDriver()) {
    try {
      return await openEager('gpu', threads);
    } catch (error) {
      process.emitWarning(`${(error as Error).message} (engine "auto" goes on with onnx)`);
    }
  }
  const { createOnnxEngine } = await import('../onnx/onnx-engine.ts');
  return createOnnxEngine({ device, threads });
}

/** TensorFlow reads its thread count from the environment, once, when it starts. */
function openEager(name: 'node' | 'gpu', threads: number): Promise<Engine> {
  if (threads > 0) process.env.TF_NUM_INTRAOP_THREADS ??= String(threads);
  return createEagerEngine(name);
}

/** Whether loading half a gigabyte of CUDA TensorFlow to look for a GPU is worth while. */
function hasNvidiaDriver(): boolean {
  if (process.platform !== 'linux') return process.platform === 'win32';
  return ['/dev/nvidiactl', '/dev/dxg'].some((path) => existsSync(path));
}
