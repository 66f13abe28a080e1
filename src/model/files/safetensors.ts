import { InputError } from '../../errors.ts';
import { writeFileAtomic } from '../../io/atomic-write.ts';
import { openBinaryFile } from '../../io/binary-file.ts';
import {
  type Bfloat16Tensor,
  bfloat16Bytes,
  encodedBytes,
  encodeTensor,
  type TensorToWrite,
} from './encode-floats.ts';
import { bytesOf, type RowRange } from './row-range.ts';
import {
  elementCount,
  elementTypes,
  readHeader,
  type SafetensorsDType,
  type SafetensorsEntry,
} from './safetensors-header.ts';

type SafetensorsData = ReturnType<(typeof elementTypes)[SafetensorsDType]['load']>;

/** A tensor, or some of its rows, as a file holds it. F32, F16 and BF16 arrive as Float32Array. */
export interface StoredTensor {
  readonly data: SafetensorsData;
  readonly shape: readonly number[];
  readonly dtype: SafetensorsDType;
}

/** An open file: its table of contents, and its tensors one at a time. */
export interface SafetensorsFile {
  readonly path: string;
  readonly entries: ReadonlyMap<string, SafetensorsEntry>;
  readonly metadata: Readonly<Record<string, string>>;
  /** Reads a tensor, or some of its rows. @throws InputError when the file has no tensor of that name. */
  read(name: string, rows?: RowRange): Promise<StoredTensor>;
  close(): Promise<void>;
}

/**
 * Opens a safetensors file and checks its header against its length; tensors are read when asked for.
 * @throws InputError naming the file: missing, truncated, a bad header, overlapping or wrong offsets, an unknown dtype.
 */
export async function openSafetensors(path: string): Promise<SafetensorsFile> {
  const file = await openBinaryFile(path);
  try {
    const { entries, metadata, dataStart } = await readHeader(file);
    const read = async (name: string, rows?: RowRange): Promise<StoredTensor> => {
      const entry = entries.get(name);
      if (entry === undefined) throw new InputError(`${path} has no tensor "${name}"`);
      const [start, end] = entry.data_offsets;
      const part = bytesOf({ bytes: end - start, shape: entry.shape }, rows);
      const bytes = await file.read(dataStart + start + part.start, part.length);
      const shape = rows ? [rows.count, ...entry.shape.slice(1)] : entry.shape;
      return { data: elementTypes[entry.dtype].load(bytes), shape, dtype: entry.dtype };
    };
    return { path, entries, metadata, read, close: file.close };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/**
 * Reads every tensor of a safetensors file, by name.
 * @throws InputError as `openSafetensors` does.
 */
export async function readSafetensors(path: string): Promise<Record<string, StoredTensor>> {
  const file = await openSafetensors(path);
  try {
    const tensors: Record<string, StoredTensor> = {};
    for (const name of file.entries.keys()) tensors[name] = await file.read(name);
    return tensors;
  } finally {
    await file.close();
  }
}

/**
 * Writes float tensors as a safetensors file, crash-safe; keys keep their order.
 * `dtype` BF16 halves the file, rounding to nearest, ties to even. Bit patterns of bfloat16 are written as they are.
 */
export async function writeSafetensors(
  path: string,
  tensors: Readonly<
    Record<string, { readonly data: Float32Array | Uint16Array; readonly shape: readonly number[] }>
  >,
  options: { readonly dtype?: FloatType; readonly metadata?: Readonly<Record<string, string>> } = {},
): Promise<void> {
  const entries = Object.entries(tensors).map(([name, { data, shape }]) =>
    data instanceof Uint16Array ? { name, shape, bits: data } : { name, shape, read: () => data },
  );
  await streamSafetensors(path, entries, options);
}

/** Float types of safetensors. */
export type FloatType = 'F32' | 'F16' | 'BF16';

/**
 * Writes float tensors as a safetensors file, crash-safe, in their order, reading one at a time.
 * @throws InputError naming the tensor when the type can't hold a value; RangeError when one is not as long as its
 * shape.
 */
export async function streamSafetensors(
  path: string,
  tensors: readonly (TensorToWrite | Bfloat16Tensor)[],
  options: { readonly dtype?: FloatType; readonly metadata?: Readonly<Record<string, string>> } = {},
): Promise<void> {
  const { dtype = 'F32', metadata = { format: 'pt' } } = options;
  const header: Record<string, unknown> = { __metadata__: metadata };
  let position = 0;
  for (const tensor of tensors) {
    const { name, shape } = tensor;
    const own = 'bits' in tensor ? 'BF16' : dtype;
    const end = position + encodedBytes(own, elementCount(shape));
    header[name] = { dtype: own, shape, data_offsets: [position, end] };
    position = end;
  }
  await writeFileAtomic(path, fileChunks(header, tensors, dtype));
}

async function* fileChunks(
  header: object,
  tensors: readonly (TensorToWrite | Bfloat16Tensor)[],
  dtype: FloatType,
): AsyncIterable<Uint8Array> {
  const json = Buffer.from(JSON.stringify(header));
  // Spaces after the header keep the data 8-byte aligned, for readers that map the file.
  const padded = Buffer.alloc(Math.ceil(json.length / 8) * 8, ' ');
  json.copy(padded);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(padded.length));
  yield length;
  yield padded;
  for (const tensor of tensors)
    yield 'bits' in tensor ? bfloat16Bytes(tensor) : await encodeTensor(tensor, dtype);
}
