import { EngineError } from '../../errors.ts';
import type {
  CompileOptions,
  Engine,
  EngineStats,
  HostTensor,
  Named,
  Program,
  ProgramFunction,
} from '../engine.ts';
import { holding } from '../held-time.ts';
import { programView } from '../program-view.ts';
import * as tf from '../tfjs.ts';
import { withBackend } from '../with-backend.ts';
import { DeviceCache, tensorOf } from './device-cache.ts';
import { type EagerEngineName, loadEagerBackend } from './eager-backend.ts';

/** An input of weights of at least this many bytes stays on the device between calls, as long as its array is the same. */
const RESIDENT_BYTES = 256 * 1024;

/**
 * Opens an engine that runs a program's ops one by one on a tfjs backend and compiles nothing: `node` (TensorFlow on
 * the CPU), `gpu` (TensorFlow on CUDA) or `cpu` (plain JavaScript, the reference in tests).
 * @throws InputError when its package is missing or unusable. The message says what to do.
 */
export async function createEagerEngine(name: EagerEngineName): Promise<Engine> {
  return new EagerEngine(name, await loadEagerBackend(name));
}

class EagerEngine implements Engine {
  readonly name: EagerEngineName;
  readonly #backend: string;
  readonly #device = new DeviceCache();
  readonly #programs = new Set<EagerProgram>();

  constructor(name: EagerEngineName, backend: string) {
    this.name = name;
    this.#backend = backend;
  }

  compile(fn: ProgramFunction, options: CompileOptions): Program {
    const program = new EagerProgram(fn, options, {
      backend: this.#backend,
      device: this.#device,
      onDispose: () => this.#programs.delete(program),
    });
    this.#programs.add(program);
    return program;
  }

  /**
   * `compilations` is always 0. `constantBytes` counts every array on the device, weights passed as inputs included.
   */
  stats(): EngineStats {
    return { compilations: 0, livePrograms: this.#programs.size, constantBytes: this.#device.bytes };
  }

  async dispose(): Promise<void> {
    await Promise.all([...this.#programs].map((program) => program.dispose()));
  }
}

/** What a program shares with its engine. */
interface EngineParts {
  readonly backend: string;
  readonly device: DeviceCache;
  readonly onDispose: () => void;
}

class EagerProgram implements Program {
  readonly #fn: ProgramFunction;
  readonly #options: CompileOptions;
  readonly #engine: EngineParts;
  /** The array held on the device for each input name. */
  readonly #resident = new Map<string, HostTensor['data']>();
  #disposed = false;

  constructor(fn: ProgramFunction, options: CompileOptions, engine: EngineParts) {
    this.#fn = fn;
    this.#options = options;
    this.#engine = engine;
  }

  run(inputs: Named<HostTensor>, wanted?: readonly string[]): Promise<Record<string, HostTensor>> {
    return withBackend(this.#engine.backend, async () => {
      if (this.#disposed)
        throw new EngineError(`program "${this.#options.name}" was disposed: compile it again`);
      const everything = { ...inputs, ...this.#options.constants };
      this.#settle(everything);
      const outputs = holding(() => tf.tidy(() => this.#evaluate(everything)));
      try {
        return await holding(() => readAll(outputs, wanted));
      } finally {
        tf.dispose(outputs);
      }
    });
  }

  dispose(): Promise<void> {
    return withBackend(this.#engine.backend, () => {
      if (this.#disposed) return;
      this.#disposed = true;
      for (const data of this.#resident.values()) this.#engine.device.release(data);
      this.#resident.clear();
      this.#engine.onDispose();
    });
  }

  /** Puts the arrays that stay on the device there, and releases those that they replace. */
  #settle(inputs: Named<HostTensor>): void {
    for (const [name, host] of Object.entries(inputs)) {
      const held = this.#resident.get(name);
      if (held === host.data) continue;
      if (this.#staysOnDevice(name, host)) {
        this.#engine.device.hold(host);
        this.#resident.set(name, host.data);
      } else {
        this.#resident.delete(name);
      }
      if (held !== undefined) this.#engine.device.release(held);
    }
  }

  #staysOnDevice(name: string, host: HostTensor): boolean {
    if (this.#options.constants !== undefined && name in this.#options.constants) return true;
    if (this.#options.mutable?.includes(name)) return false;
    const weights = host.dtype !== 'int32' && host.dtype !== 'bool';
    return weights && host.data.byteLength >= RESIDENT_BYTES;
  }

  #evaluate(inputs: Named<HostTensor>): Named<tf.Tensor> {
    const kept = new Set<tf.Tensor>();
    const tensors = mapValues(inputs, (host, name) => {
      const resident = this.#resident.has(name) ? this.#engine.device.get(host.data) : undefined;
      if (resident === undefined) return tensorOf(host);
      const { shape } = programView(host);
      kept.add(resident);
      // Two inputs may share an array with different shapes. The device's copy has the shape that came first.
      return tf.util.arraysEqual(resident.shape, [...shape]) ? resident : tf.reshape(resident, [...shape]);
    });
    // Outputs are disposed after they are read. If the program returns an input unchanged, the device's copy must
    // survive.
    return mapValues(this.#fn(tensors), (output) => (kept.has(output) ? tf.clone(output) : output));
  }
}

async function readAll(
  outputs: Named<tf.Tensor>,
  wanted: readonly string[] = Object.keys(outputs),
): Promise<Record<string, HostTensor>> {
  const read = Object.entries(outputs)
    .filter(([name]) => wanted.includes(name))
    .map(async ([name, tensor]) => {
      const host = { data: await tensor.data(), shape: tensor.shape, dtype: tensor.dtype } as HostTensor;
      return [name, host] as const;
    });
  return Object.fromEntries(await Promise.all(read));
}

function mapValues<A, B>(record: Named<A>, f: (value: A, name: string) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, f(value, name)]));
}
