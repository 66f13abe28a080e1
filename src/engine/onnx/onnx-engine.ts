import type { CompileOptions, Engine, HostTensor, Named, Program, ProgramFunction } from '../engine.ts';
import { holding } from '../held-time.ts';
import * as tf from '../tfjs.ts';
import { withBackend } from '../with-backend.ts';
import { handOver, type PlacedConstants } from './constants-file.ts';
import { kernels } from './kernels/index.ts';
import { type Compiled, ProgramCache, usualCacheBytes } from './program-cache.ts';
import { type OnnxSession, openOnnxSession, type SessionSettings } from './session.ts';
import type { ConstantData, Value } from './trace/graph.ts';
import { serialise } from './trace/model-proto.ts';
import { BACKEND, registerKernels, TraceBackend } from './trace/trace-backend.ts';
import { buildGraph, shapeKey, traceProgram } from './trace/trace-program.ts';

export interface OnnxEngineSettings extends SessionSettings {
  /**
   * When compiled programs exceed this many bytes, the least recently used are released. Packed weights don't count, and
   * stay. Default: `usualCacheBytes`.
   */
  readonly cacheBytes: number;
}

/** Measured resident size of one compiled node with its kernel. */
const BYTES_PER_NODE = 8192;

/**
 * Opens the default engine. It traces a program, gradients included, into an ONNX graph for each set of input shapes,
 * and runs the graph on onnxruntime, with all cores unless `threads` says otherwise. Like torch.compile, it traces once
 * and runs many times.
 * @example
 * const engine = await createOnnxEngine();
 * const program = engine.compile(({ x }) => ({ y: tf.square(x!) }), { name: 'square' });
 * const { y } = await program.run({ x: { data: Float32Array.of(1, 2), shape: [2], dtype: 'float32' } });
 */
export async function createOnnxEngine(settings: Partial<OnnxEngineSettings> = {}): Promise<Engine> {
  registerBackend();
  return new OnnxEngine({ device: 'cpu', threads: 0, cacheBytes: usualCacheBytes(), ...settings });
}

class OnnxEngine implements Engine {
  readonly name = 'onnx';
  private readonly cache: ProgramCache;
  private compilations = 0;
  private programs = 0;
  private readonly settings: OnnxEngineSettings;

  constructor(settings: OnnxEngineSettings) {
    this.settings = settings;
    this.cache = new ProgramCache(settings.cacheBytes);
  }

  compile(fn: ProgramFunction, options: CompileOptions): Program {
    const owner = `${options.name}#${this.programs++}`;
    return {
      run: (inputs, outputs) => {
        const key = `${owner} ${shapeKey(inputs, options)}`;
        const build = () => this.build(fn, inputs, options);
        return this.cache.use({ key, owner, build }, (session) => session.run(inputs, outputs));
      },
      dispose: () => this.cache.release(owner),
    };
  }

  stats() {
    const live = this.cache.live();
    return {
      compilations: this.compilations,
      livePrograms: live.length,
      constantBytes: live.reduce((sum, { constantBytes }) => sum + constantBytes, 0),
    };
  }

  dispose(): Promise<void> {
    return this.cache.release();
  }

  private async build(
    fn: ProgramFunction,
    inputs: Named<HostTensor>,
    options: CompileOptions,
  ): Promise<Compiled> {
    this.compilations++;
    const { name, constants = {} } = options;
    const constantBytes = Object.values(constants).reduce((sum, { data }) => sum + data.byteLength, 0);
    const traced = await withBackend(BACKEND, () => holding(() => traceProgram(fn, inputs, options)));
    const held = constantBytes > 0 ? await handOver(traced.constants) : undefined;
    try {
      const { bytes, nodeCount } = holding(() => buildGraph(traced, held?.places ?? {}));
      const use = { constants: held?.from, keepsMemory: options.keepsMemory };
      const session = await openOnnxSession(name, bytes, { ...this.settings, ...use });
      return { session: withFile(session, held), constantBytes, bytes: nodeCount * BYTES_PER_NODE };
    } finally {
      await held?.remove();
    }
  }
}

/** Deletes the file of a session's constants when the session goes, where it could not be deleted before. */
function withFile(session: OnnxSession, file: PlacedConstants | undefined): OnnxSession {
  if (file === undefined) return session;
  return { ...session, release: () => session.release().then(file.remove) };
}

let registered = false;

/** Registers the tracing backend with tfjs, once in a process. */
function registerBackend(): void {
  if (registered) return;
  registered = true;
  registerKernels(kernels);
  tf.registerBackend(BACKEND, () => new TraceBackend(evaluate), 0);
}

/** Computes one value of a graph without inputs. Reading a tensor outside of `compile` calls this. */
async function evaluate(value: Value): Promise<ConstantData> {
  const { bytes } = serialise({ name: 'value', inputs: [], externals: [], outputs: { value } });
  const session = await openOnnxSession('value', bytes, { device: 'cpu', threads: 1 });
  try {
    return (await session.run({})).value!.data;
  } finally {
    await session.release();
  }
}
