import type * as tf from '@tensorflow/tfjs-core';

/** Element types that cross an engine's boundary. */
export type DType = 'float32' | 'int32' | 'bool';

/** A tensor in host memory, row-major. Treated as immutable: a new version is a new array. */
export interface HostTensor {
  readonly data: Float32Array | Int32Array | Uint8Array;
  readonly shape: readonly number[];
  readonly dtype: DType;
}

/** Values by name. */
export type Named<T> = Readonly<Record<string, T>>;

/**
 * A computation written with tfjs-core's functional API. It must be pure: same shapes in, same ops out; no value
 * may be read inside (`dataSync`, `arraySync`), since the `onnx` engine traces it with placeholders.
 */
export type ProgramFunction = (inputs: Named<tf.Tensor>) => Named<tf.Tensor>;

export interface CompileOptions {
  /** Name in errors and statistics. */
  readonly name: string;
  /**
   * Inputs that never change while the program lives. The `onnx` engine packs them into the session.
   * Only what the *method* declares frozen may stand here: never adapter weights, β or hyper-parameters.
   */
  readonly constants?: Named<HostTensor>;
  /**
   * Inputs whose arrays the caller writes into between calls (a key/value cache): the one exception to immutability.
   * An engine may keep any other array on its device and know it by identity.
   */
  readonly mutable?: readonly string[];
  /**
   * Axes whose size may differ from call to call without a new compilation: input name → axis → symbol.
   * Inputs naming the same symbol must agree on its size.
   */
  readonly dynamicAxes?: Named<Readonly<Record<number, string>>>;
}

/** A compiled function. Compilation happens at the first call with each new set of input shapes. */
export interface Program {
  run(inputs: Named<HostTensor>): Promise<Record<string, HostTensor>>;
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

/** Where tensors are computed. */
export interface Engine {
  readonly name: 'onnx' | 'node' | 'gpu' | 'cpu';
  compile(fn: ProgramFunction, options: CompileOptions): Program;
  stats(): EngineStats;
  dispose(): Promise<void>;
}
