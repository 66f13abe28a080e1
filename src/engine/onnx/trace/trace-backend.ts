import { EngineError } from '../../../errors.ts';
import type { ProgramDType } from '../../engine.ts';
import type { ProgramView } from '../../program-view.ts';
import * as tf from '../../tfjs.ts';
import { type ConstantData, constant, sizeOf, uniform, type Value } from './graph.ts';

export const BACKEND = 'onnx';

/** A kernel's inputs by tfjs's names. Where tfjs passes a list (Concat, Pack, AddN) the names are '0', '1', …. */
export type KernelInputs = Readonly<Record<string, Value>>;
export type KernelAttributes = Readonly<Record<string, unknown>>;
/** Adds the nodes that compute a tfjs kernel to the graph and returns the kernel's outputs. */
export type TraceKernel = (inputs: KernelInputs, attributes: KernelAttributes) => Value | readonly Value[];

/** Runs the part of a graph that one value depends on. It serves reads of a tensor outside of `compile`. */
export type Evaluate = (value: Value) => Promise<ConstantData>;

/**
 * A tfjs backend that computes nothing. Each kernel adds ONNX nodes to a graph, and a tensor's data is a value of this
 * graph. Reading a tensor runs the graph behind it: the tests of single ops do so.
 */
export class TraceBackend extends tf.KernelBackend {
  private readonly values = new WeakMap<object, { readonly value: Value; references: number }>();
  private live = 0;
  private readonly evaluate: Evaluate;

  constructor(evaluate: Evaluate) {
    super();
    this.evaluate = evaluate;
  }

  /** Returns the graph's value behind a tensor. */
  valueBehind(dataId: object): Value {
    return this.entry(dataId).value;
  }

  private entry(dataId: object) {
    const entry = this.values.get(dataId);
    if (entry === undefined) throw new EngineError('this tensor does not belong to the onnx engine');
    return entry;
  }

  /** Registers a value as the data of a tensor of its own type and shape, or of another by which tfjs knows it. */
  adopt(value: Value, view: ProgramView = value as ProgramView): tf.TensorInfo {
    const dataId = {};
    this.values.set(dataId, { value, references: 1 });
    this.live++;
    return { dataId, shape: [...view.shape], dtype: view.dtype };
  }

  /** Makes one more tensor on the same data. A kernel that returns its input unchanged needs this. */
  share({ dataId, shape, dtype }: tf.TensorInfo): tf.TensorInfo {
    this.incRef(dataId);
    return { dataId, shape, dtype };
  }

  override write(values: tf.BackendValues, shape: number[], dtype: tf.DataType): object {
    return this.adopt(hostValue(values, shape, dtype)).dataId;
  }

  override move(
    dataId: object,
    values: tf.BackendValues,
    shape: number[],
    dtype: tf.DataType,
    references: number,
  ): void {
    this.values.set(dataId, { value: hostValue(values, shape, dtype), references });
    this.live++;
  }

  override async read(dataId: object): Promise<tf.BackendValues> {
    return (await this.evaluate(this.valueBehind(dataId))) as tf.BackendValues;
  }

  override readSync(dataId: object): tf.BackendValues {
    const { source, shape } = this.valueBehind(dataId);
    if (source.kind === 'constant') return source.data as tf.BackendValues;
    if (source.kind === 'uniform') return new Float32Array(sizeOf(shape)).fill(source.value);
    throw new EngineError(
      'a tensor was read while its program was being traced: a program must not depend on values (dataSync, arraySync)',
    );
  }

  override disposeData(dataId: object, force = false): boolean {
    const entry = this.values.get(dataId);
    if (entry === undefined) return true;
    if (!force && --entry.references > 0) return false;
    this.values.delete(dataId);
    this.live--;
    return true;
  }

  override incRef(dataId: object): void {
    this.entry(dataId).references++;
  }

  override refCount(dataId: object): number {
    return this.values.get(dataId)?.references ?? 0;
  }

  override numDataIds(): number {
    return this.live;
  }

  override memory() {
    return { unreliable: true, reasons: ['tensors are placeholders'] };
  }

  override floatPrecision(): 32 {
    return 32;
  }

  override epsilon(): number {
    return 1e-7;
  }

  override timerAvailable(): boolean {
    return false;
  }

  override dispose(): void {}
}

/**
 * Converts a tfjs type to a type of the graph.
 * @throws EngineError for a type that the engine lacks.
 */
export function valueType(dtype: tf.DataType): ProgramDType {
  if (dtype === 'float32' || dtype === 'int32' || dtype === 'bool') return dtype;
  throw new EngineError(`the onnx engine has no ${dtype} tensors (it has float32, int32 and bool)`);
}

function hostValue(values: tf.BackendValues, shape: readonly number[], type: tf.DataType): Value {
  const dtype = valueType(type);
  const numbers = values as ArrayLike<number>;
  const first = numbers[0];
  if (first !== undefined && isUniform(numbers, first)) return uniform(Number(first), dtype, shape);
  const convert = { float32: Float32Array, int32: Int32Array, bool: Uint8Array }[dtype];
  return constant(values instanceof convert ? values : convert.from(numbers), dtype, shape);
}

/** Bytes compared at a time. */
const COMPARED = 2 ** 30;

/** Compares a typed array's bytes with themselves one element on: tfjs makes zeros as large as any output. */
function isUniform(values: ArrayLike<number>, first: number): boolean {
  if (ArrayBuffer.isView(values)) {
    const step = values.byteLength / values.length;
    // A Buffer in Node 20 has 4 GiB at most.
    for (let from = 0; from + step < values.byteLength; from += COMPARED) {
      const length = Math.min(COMPARED, values.byteLength - from - step);
      const bytes = (start: number) => Buffer.from(values.buffer, values.byteOffset + start, length);
      if (!bytes(from).equals(bytes(from + step))) return false;
    }
    return true;
  }
  for (let i = 1; i < values.length; i++) if (!Object.is(values[i], first)) return false;
  return true;
}

/** Registers the kernels with tfjs. tfjs passes tensors, and the kernels get and return the values behind them. */
export function registerKernels(kernels: Readonly<Record<string, TraceKernel>>): void {
  for (const [kernelName, kernel] of Object.entries(kernels)) {
    tf.registerKernel({
      kernelName,
      backendName: BACKEND,
      kernelFunc: ({ inputs, attrs, backend }) => {
        const trace = backend as TraceBackend;
        const given = Object.entries(inputs as Record<string, tf.TensorInfo | undefined>).filter(
          (entry): entry is [string, tf.TensorInfo] => entry[1] != null,
        );
        const values = Object.fromEntries(
          given.map(([name, info]) => [name, trace.valueBehind(info.dataId)]),
        );
        const out = kernel(values, (attrs ?? {}) as KernelAttributes);
        const tensor = (value: Value) => {
          const alias = given.find(([name]) => values[name] === value)?.[1];
          return alias === undefined ? trace.adopt(value) : trace.share(alias);
        };
        return Array.isArray(out) ? (out as Value[]).map(tensor) : tensor(out as Value);
      },
    });
  }
}
