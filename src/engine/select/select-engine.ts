import { existsSync } from 'node:fs';
import { createEagerEngine } from '../eager/eager-engine.ts';
import type { Engine } from '../engine.ts';

export interface EngineChoice {
  /** 'auto' takes gpu if it loads and sees a GPU, else onnx. */
  readonly engine: 'auto' | 'onnx' | 'node' | 'gpu';
  /** Execution provider of the onnx engine. The other engines ignore it. */
  readonly device: 'cpu' | 'webgpu' | 'cuda';
  /** Threads that compute one op; 0 uses every core. */
  readonly threads: number;
  /** GB that compiled programs of the onnx engine may take; 'auto', an eighth of the machine's memory, when left out. */
  readonly programCacheGB?: number | 'auto' | undefined;
}

/**
 * Opens the engine that a recipe's `runtime` asks for.
 * @throws InputError when an engine that was asked for by name can't start. The message says what to do.
 * @example
 * const engine = await openEngine({ engine: 'auto', device: 'cpu', threads: 0 });
 */
export async function openEngine({
  engine,
  device,
  threads,
  programCacheGB = 'auto',
}: EngineChoice): Promise<Engine> {
  if (engine === 'gpu' || engine === 'node') return openEager(engine, threads);
  if (engine === 'auto' && device === 'cpu' && hasNvidiaDriver()) {
    try {
      return await openEager('gpu', threads);
    } catch (error) {
      process.emitWarning(`${(error as Error).message} (engine "auto" goes on with onnx)`);
    }
  }
  const { createOnnxEngine } = await import('../onnx/onnx-engine.ts');
  const cache = programCacheGB === 'auto' ? {} : { cacheBytes: programCacheGB * 1e9 };
  return createOnnxEngine({ device, threads, ...cache });
}

/** Opens an eager engine. TensorFlow reads its thread count from the environment once, when it starts. */
function openEager(name: 'node' | 'gpu', threads: number): Promise<Engine> {
  if (threads > 0) process.env.TF_NUM_INTRAOP_THREADS ??= String(threads);
  return createEagerEngine(name);
}

/** Tells whether there may be a GPU. Only then is it worth loading half a gigabyte of CUDA TensorFlow to look. */
function hasNvidiaDriver(): boolean {
  if (process.platform !== 'linux') return process.platform === 'win32';
  return ['/dev/nvidiactl', '/dev/dxg'].some((path) => existsSync(path));
}
