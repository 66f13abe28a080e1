import type * as tf from '@tensorflow/tfjs-core';

/** Element types that a program sees, and returns. */
export type ProgramDType = 'float32' | 'int32' | 'bool';

/**
 * Element types that cross an engine's boundary. The last three hold frozen weights in little room, and only go in:
 * tfjs has no such types, so `programView` says what a program sees, and the ops of `ops/quantised-weight.ts` read them.
 */
export type DType = ProgramDType | 'bfloat16' | 'int8' | 'uint8';

/** A tensor in host memory, row-major. Treat it as immutable: make a new array for a new version. */
export interface HostTensor {
  readonly data: Float32Array | Int32Array | Uint8Array | Int8Array | Uint16Array;
  readonly shape: readonly number[];
  readonly dtype: DType;
}

/** Values by name. */
export type Named<T> = Readonly<Record<string, T>>;

/**
 * A computation written with tfjs-core's functional API. It must be pure: the same input shapes must give the same ops.
 * It must not read values (`dataSync`, `arraySync`), because the `onnx` engine traces it with placeholders.
 */
export type ProgramFunction = (inputs: Named<tf.Tensor>) => Named<tf.Tensor>;

export interface CompileOptions {
  /** Name in errors and statistics. */
  readonly name: string;
  /**
   * Inputs that never change while the program lives. The `onnx` engine packs them into the session. Only weights that
   * the *method* freezes may be here, never adapter weights, β or hyper-parameters.
   */
  readonly constants?: Named<HostTensor>;
  /**
   * Inputs whose arrays the caller changes between calls, such as a key/value cache. No other array may change: an
   * engine may keep its copy on the device and recognise the array by identity.
   */
  readonly mutable?: readonly string[];
  /**
   * Keeps the working memory of its largest run for the next run. The system gives fresh memory page by page, which
   * takes a tenth of the time of a program that needs much. Only for programs that run often, or one after the other.
   * Among themselves such programs are held to the engine's budget for compiled programs.
   */
  readonly keepsMemory?: boolean;
  /**
   * Axes whose size may differ between calls without a new compilation. A function gives them for a call's inputs, where
   * those may have other ranks.
   */
  readonly dynamicAxes?: DynamicAxes | ((inputs: Named<HostTensor>) => DynamicAxes);
}

/**
 * Input name → axis → its size: a symbol, or a product of symbols and numbers such as 'prefixes*group' or '8*chunk'.
 * Axes with the same symbol must have the same size. The ops of the program must be the same at all sizes, and its
 * shapes sums of products of them: at most two products, with whole factors.
 */
export type DynamicAxes = Named<Readonly<Record<number, string>>>;

/** A compiled function. It is compiled at the first call with each new set of input shapes. */
export interface Program {
  /** Computes the outputs, or those named: an output that is not returned is not copied. */
  run(inputs: Named<HostTensor>, outputs?: readonly string[]): Promise<Record<string, HostTensor>>;
  /** Releases everything compiled for this program. */
  dispose(): Promise<void>;
}

export interface EngineStats {
  /** Programs compiled since the engine started. */
  readonly compilations: number;
  /** Programs held at present. */
  readonly livePrograms: number;
  /** Bytes of constants held by the live programs. */
  readonly constantBytes: number;
}

/**
 * Where tensors are computed.
 * @example
 * const program = engine.compile(({ x }) => ({ y: tf.square(x!) }), { name: 'square' });
 * const { y } = await program.run({ x: { data: Float32Array.of(1, 2), shape: [2], dtype: 'float32' } });
 */
export interface Engine {
  readonly name: 'onnx' | 'node' | 'gpu' | 'cpu';
  compile(fn: ProgramFunction, options: CompileOptions): Program;
  stats(): EngineStats;
  dispose(): Promise<void>;
}
