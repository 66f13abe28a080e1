import type { CompileOptions, Engine, HostTensor, Named, Program, ProgramFunction } from '../engine.ts';
import { holding } from '../held-time.ts';
import { type ProgramView, programView } from '../program-view.ts';
import * as tf from '../tfjs.ts';
import { withBackend } from '../with-backend.ts';
import { kernels } from './kernels/index.ts';
import { type OnnxSession, openOnnxSession, type SessionSettings } from './session.ts';
import { generalise, type SizeSource } from './trace/dynamic-axes.ts';
import { type ConstantData, input, typeInGraph, type Value } from './trace/graph.ts';
import { type GraphInput, serialise } from './trace/model-proto.ts';
import { BACKEND, registerKernels, TraceBackend } from './trace/trace-backend.ts';

export interface OnnxEngineSettings extends SessionSettings {
  /** When compiled programs exceed this many bytes, the least recently used are released. */
  readonly cacheBytes: number;
}

const defaults: OnnxEngineSettings = { device: 'cpu', threads: 0, cacheBytes: 2 ** 30 };

/** Measured resident size of one compiled node with its kernel. */
const BYTES_PER_NODE = 8192;

/** A program compiled for one set of input shapes. */
interface Compiled {
  readonly session: OnnxSession;
  readonly bytes: number;
  readonly constantBytes: number;
  /** Number of runs under way. A program in use is not released. */
  running: number;
}

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
  return new OnnxEngine({ ...defaults, ...settings });
}

class OnnxEngine implements Engine {
  readonly name = 'onnx';
  /** Compiled programs, the least recently used first. */
  private readonly cache = new Map<string, Promise<Compiled>>();
  private readonly settled = new Map<string, Compiled>();
  private compilations = 0;
  private programs = 0;
  private readonly settings: OnnxEngineSettings;

  constructor(settings: OnnxEngineSettings) {
    this.settings = settings;
  }

  compile(fn: ProgramFunction, options: CompileOptions): Program {
    const id = `${options.name}#${this.programs++}`;
    return {
      run: async (inputs, outputs) => {
        const key = `${id} ${shapeKey(inputs, options)}`;
        const compiled = await this.acquire(key, () => this.build(fn, inputs, options));
        try {
          return await compiled.session.run(inputs, outputs);
        } finally {
          compiled.running--;
        }
      },
      dispose: async () => {
        const own = [...this.cache.keys()].filter((key) => key.startsWith(`${id} `));
        await Promise.all(own.map((key) => this.release(key)));
      },
    };
  }

  stats() {
    const live = [...this.settled.values()];
    return {
      compilations: this.compilations,
      livePrograms: live.length,
      constantBytes: live.reduce((sum, { constantBytes }) => sum + constantBytes, 0),
    };
  }

  async dispose(): Promise<void> {
    await Promise.all([...this.cache.keys()].map((key) => this.release(key)));
  }

  /** Returns the compiled program of a key and counts one more run of it. Builds it if there is none. */
  private async acquire(key: string, build: () => Promise<Compiled>): Promise<Compiled> {
    const pending = this.cache.get(key) ?? build();
    this.cache.delete(key);
    this.cache.set(key, pending);
    const compiled = await pending.catch((error: unknown) => {
      this.cache.delete(key);
      throw error;
    });
    compiled.running++;
    this.settled.set(key, compiled);
    await this.evict();
    return compiled;
  }

  private async build(
    fn: ProgramFunction,
    inputs: Named<HostTensor>,
    options: CompileOptions,
  ): Promise<Compiled> {
    this.compilations++;
    const { bytes, nodeCount } = await withBackend(BACKEND, () =>
      holding(() => buildGraph(fn, inputs, options)),
    );
    const externals = Object.fromEntries(
      Object.entries(options.constants ?? {}).map(([name, { data }]) => [name, data]),
    );
    const session = await openOnnxSession(options.name, bytes, externals, this.settings);
    const constantBytes = Object.values(externals).reduce((sum, data) => sum + data.byteLength, 0);
    return { session, constantBytes, bytes: nodeCount * BYTES_PER_NODE + constantBytes, running: 0 };
  }

  private async evict(): Promise<void> {
    let total = [...this.settled.values()].reduce((sum, { bytes }) => sum + bytes, 0);
    for (const key of [...this.cache.keys()]) {
      const compiled = this.settled.get(key);
      if (total <= this.settings.cacheBytes) return;
      if (compiled === undefined || compiled.running > 0) continue;
      total -= compiled.bytes;
      await this.release(key);
    }
  }

  private async release(key: string): Promise<void> {
    const pending = this.cache.get(key);
    this.cache.delete(key);
    this.settled.delete(key);
    await (await pending)?.session.release();
  }
}

/**
 * Makes a key of the inputs' shapes and types, with symbols for dynamic axes. Calls with the same key share a session.
 */
function shapeKey(inputs: Named<HostTensor>, { dynamicAxes = {} }: CompileOptions): string {
  return Object.keys(inputs)
    .sort()
    .map((name) => {
      const { shape, dtype } = inputs[name]!;
      return `${name}:${dtype[0]}${shape.map((dim, axis) => dynamicAxes[name]?.[axis] ?? dim)}`;
    })
    .join(' ');
}

function buildGraph(fn: ProgramFunction, inputs: Named<HostTensor>, options: CompileOptions) {
  const { name, constants = {}, dynamicAxes = {} } = options;
  const all = { ...inputs, ...constants };
  const symbols = [...new Set(Object.values(dynamicAxes).flatMap((axes) => Object.values(axes)))];
  // No model dimension is likely to have these sizes, so a number equal to one of them belongs to its axis.
  const base = Object.fromEntries(symbols.map((symbol, i) => [symbol, 13 + 6 * i]));
  const placeholders = { all, fixed: new Set(Object.keys(constants)), dynamicAxes };
  const outputs = trace(fn, placeholders, base);
  if (symbols.length > 0) {
    const others = symbols.map((symbol) => {
      const sizes = { ...base, [symbol]: base[symbol]! + 3 };
      return { outputs: trace(fn, placeholders, sizes), sizes };
    });
    generalise(name, { outputs, sizes: base }, others, sizeSources(inputs, dynamicAxes));
  }
  const graphInputs: GraphInput[] = Object.entries(inputs).map(([input, { dtype, shape }]) => ({
    name: input,
    dtype: typeInGraph(dtype),
    dims: shape.map((dim, axis) => dynamicAxes[input]?.[axis] ?? dim),
  }));
  const externals = Object.entries(constants).map(([name, { dtype, shape, data }]) => {
    const place = { location: name, offset: 0, bytes: data.byteLength };
    return { name, dtype: typeInGraph(dtype), dims: shape, ...place };
  });
  return serialise({ name, inputs: graphInputs, externals, outputs });
}

/** Finds, for each symbol, an input and an axis that has its size. */
function sizeSources(
  inputs: Named<HostTensor>,
  dynamicAxes: NonNullable<CompileOptions['dynamicAxes']>,
): SizeSource {
  return Object.fromEntries(
    Object.entries(dynamicAxes).flatMap(([name, axes]) =>
      Object.entries(axes).map(([axis, symbol]) => {
        const { dtype, shape } = inputs[name]!;
        return [symbol, { input: input(name, typeInGraph(dtype), shape), axis: Number(axis) }];
      }),
    ),
  );
}

/** What a program is traced with. */
interface Placeholders {
  /** Inputs and constants. */
  readonly all: Named<HostTensor>;
  /** Names of the constants. */
  readonly fixed: ReadonlySet<string>;
  readonly dynamicAxes: NonNullable<CompileOptions['dynamicAxes']>;
}

/** Runs the program once with placeholders and returns the graph's values of its outputs. */
function trace(
  fn: ProgramFunction,
  { all, fixed, dynamicAxes }: Placeholders,
  sizes: Readonly<Record<string, number>>,
): Record<string, Value> {
  const backend = tf.backend() as TraceBackend;
  const values: Record<string, Value> = {};
  tf.tidy(() => {
    const placeholders = Object.fromEntries(
      Object.entries(all).map(([name, { dtype, shape }]) => {
        const dims = shape.map((dim, axis) => sizes[dynamicAxes[name]?.[axis] ?? ''] ?? dim);
        const value = input(name, typeInGraph(dtype), dims, fixed.has(name));
        return [name, tensorOf(backend, value, programView({ dtype, shape: dims }))];
      }),
    );
    const outputs = fn(placeholders);
    for (const [name, tensor] of Object.entries(outputs)) values[name] = backend.valueBehind(tensor.dataId);
    // tfjs keeps the results of a gradient computation (`tf.keep`), so `tf.tidy` does not dispose them.
    tf.dispose(outputs);
  });
  return values;
}

function tensorOf(backend: TraceBackend, value: Value, view: ProgramView): tf.Tensor {
  const { dataId, shape, dtype } = backend.adopt(value, view);
  return tf.engine().makeTensorFromDataId(dataId, shape, dtype, backend);
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
  const session = await openOnnxSession('value', bytes, {}, { device: 'cpu', threads: 1 });
  try {
    return (await session.run({})).value!.data;
  } finally {
    await session.release();
  }
}
