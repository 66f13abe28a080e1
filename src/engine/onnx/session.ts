import { availableParallelism } from 'node:os';
import * as ort from 'onnxruntime-node';
import { EngineError } from '../../errors.ts';
import type { HostTensor, Named } from '../engine.ts';
import { holdingSoon } from '../held-time.ts';
import type { PlacedConstants } from './constants-file.ts';
import { typeInGraph } from './trace/graph.ts';
import { OUTPUT_PREFIX } from './trace/model-proto.ts';

export interface SessionSettings {
  /** Execution provider. */
  readonly device: 'cpu' | 'webgpu' | 'cuda';
  /** Threads that compute one op; 0 takes every core. */
  readonly threads: number;
}

/** What one session needs. */
interface SessionUse {
  /** The constants that are not in the graph itself. */
  readonly constants?: PlacedConstants['from'] | undefined;
  /** See `CompileOptions`. */
  readonly keepsMemory?: boolean | undefined;
}

/** A compiled graph. */
export interface OnnxSession {
  /** Working memory that it holds between runs, as far as it was seen; undefined where it holds none. */
  readonly keptBytes: number | undefined;
  /** `outputs` are the names of those that are wanted; all, when left out. */
  run(feeds: Named<HostTensor>, outputs?: readonly string[]): Promise<Record<string, HostTensor>>;
  release(): Promise<void>;
}

/**
 * onnxruntime's threads spin while they wait for work, and by default they go on after a run. Here they stop when the
 * run ends, and spin for at most 200 µs. Between runs JavaScript works, and on a shared machine a spinning thread takes
 * the core from others. This saves a sixth of the time on the embedded model, and a fifth beside other work. It makes
 * no difference at 135 M parameters.
 */
const waiting = { force_spinning_stop: '1', intra_op: { spin_duration_us: '200' } };

/**
 * Loads a serialised graph into onnxruntime.
 *
 * Without `keepsMemory` the memory arena is off, and a run's memory is returned when it ends. The arena keeps it, and
 * wastes less: with malloc, a gradient of 8 layers on a row of 4,096 tokens takes twice as much. With the arena, memory
 * patterns are off: from the second run they take one more block of the whole size. Common-subexpression
 * elimination is off because it would undo the recomputation in gradients.
 * @throws EngineError naming the program when onnxruntime rejects the graph.
 */
export async function openOnnxSession(
  program: string,
  graph: Uint8Array,
  { device, threads, constants = { bytes: {} }, keepsMemory = false }: SessionSettings & SessionUse,
): Promise<OnnxSession> {
  const options: ort.InferenceSession.SessionOptions = {
    executionProviders: device === 'cpu' ? ['cpu'] : [device, 'cpu'],
    intraOpNumThreads: threads === 0 ? availableParallelism() : threads,
    interOpNumThreads: 1,
    enableCpuMemArena: keepsMemory,
    enableMemPattern: !keepsMemory,
    graphOptimizationLevel: 'all',
    logSeverityLevel: 3,
    externalData: Object.entries('bytes' in constants ? constants.bytes : {}).map(([path, data]) => ({
      path,
      data,
    })),
    extra: {
      optimization: { disable_specified_optimizers: 'CommonSubexpressionElimination' },
      session: {
        ...waiting,
        ...('folder' in constants && { model_external_initializers_file_folder_path: constants.folder }),
      },
    },
  };
  const session = await holdingSoon(() => ort.InferenceSession.create(graph, options)).catch(
    (cause: unknown) => {
      throw new EngineError(`program "${program}" was rejected by onnxruntime: ${messageOf(cause)}`, {
        cause,
      });
    },
  );
  let keptBytes = keepsMemory ? 0 : undefined;
  return {
    get keptBytes() {
      return keptBytes;
    },
    async run(feeds, outputs) {
      const tensors = Object.fromEntries(
        session.inputNames.map((name) => [name, ortTensor(name, feeds[name])]),
      );
      const wanted = outputs?.map((name) => OUTPUT_PREFIX + name) ?? session.outputNames;
      const before = process.memoryUsage.rss();
      const results = hostTensors(await holdingSoon(() => session.run(tensors, wanted)));
      if (keptBytes !== undefined) keptBytes += grownBeside(results, process.memoryUsage.rss() - before);
      return results;
    },
    release: () => session.release(),
  };
}

/** Smaller growth of a process is anything: JavaScript's heap, another thread's. */
const NOTICEABLE = 64e6;

/** The part of a process's growth that its results are not, 0 if it is small. */
function grownBeside(results: Record<string, HostTensor>, growth: number): number {
  const given = Object.values(results).reduce((sum, { data }) => sum + data.byteLength, 0);
  return growth - given > NOTICEABLE ? growth - given : 0;
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function ortTensor(name: string, tensor: HostTensor | undefined): ort.Tensor {
  if (tensor === undefined) throw new EngineError(`input "${name}" is missing`);
  return new ort.Tensor(typeInGraph(tensor.dtype), tensor.data as Float32Array, tensor.shape);
}

function hostTensors(results: ort.InferenceSession.ReturnType): Record<string, HostTensor> {
  return Object.fromEntries(
    Object.entries(results).map(([name, { data, dims, type }]) => [
      name.slice(OUTPUT_PREFIX.length),
      { data: data as HostTensor['data'], shape: dims, dtype: type as HostTensor['dtype'] },
    ]),
  );
}
