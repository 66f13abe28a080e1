import { InputError } from '../../errors.ts';
import * as tf from '../tfjs.ts';
import { takeTurn } from '../with-backend.ts';

/** The tfjs backends that run ops one by one. `node` and `gpu` run the same code on two builds of TensorFlow. */
export type EagerEngineName = 'node' | 'gpu' | 'cpu';

const packages = {
  node: { specifier: '@tensorflow/tfjs-node', backend: 'tensorflow' },
  gpu: { specifier: '@tensorflow/tfjs-node-gpu', backend: 'tensorflow' },
  cpu: { specifier: '@tensorflow/tfjs-backend-cpu', backend: 'cpu' },
} as const;

/** What tfjs-node(-gpu) reports about its TensorFlow. */
interface NodeBackend {
  readonly isGPUPackage: boolean;
  readonly isUsingGpuDevice: boolean;
}

/**
 * Loads the package of an eager engine, which registers its backend with tfjs.
 * @returns the backend's name in tfjs.
 * @throws InputError when the package is missing or does not load, when the other TensorFlow is already loaded, or when
 *   `gpu` sees no GPU.
 */
export function loadEagerBackend(name: EagerEngineName): Promise<string> {
  return takeTurn(async () => {
    const { specifier, backend } = packages[name];
    // Level 1 hides what TensorFlow prints about instruction sets at every start, but not its warnings.
    process.env.TF_CPP_MIN_LOG_LEVEL ??= '1';
    try {
      await import(specifier);
    } catch (error) {
      throw new InputError(loadFailure(name, specifier, error), { cause: error });
    }
    if (name !== 'cpu') checkTensorFlow(name);
    return backend;
  });
}

function checkTensorFlow(name: 'node' | 'gpu'): void {
  const { isGPUPackage, isUsingGpuDevice } = tf.findBackend('tensorflow') as unknown as NodeBackend;
  const loaded = isGPUPackage ? 'gpu' : 'node';
  if (loaded !== name) {
    throw new InputError(
      `engine "${name}" can't start: this process has already loaded engine "${loaded}"; use one of them a process`,
    );
  }
  if (name === 'gpu' && !isUsingGpuDevice) {
    throw new InputError(
      'engine "gpu" sees no GPU: check nvidia-smi and the CUDA libraries, or use --set runtime.engine=onnx, which needs none',
    );
  }
}

function loadFailure(name: string, specifier: string, error: unknown): string {
  const missing =
    error instanceof Error &&
    'code' in error &&
    error.code === 'ERR_MODULE_NOT_FOUND' &&
    error.message.includes(specifier);
  const why = missing ? 'is not installed' : `does not load (${firstLine(error)})`;
  return (
    `engine "${name}" needs the package ${specifier}, which ${why}: ` +
    `run npm i ${specifier} (on Node < 23), or use --set runtime.engine=onnx, which needs nothing`
  );
}

function firstLine(error: unknown): string {
  return String(error instanceof Error ? error.message : error).split('\n')[0]!;
}
