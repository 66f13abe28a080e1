import { z } from 'zod';
import { writeFileAtomic } from '../checkpoint/atomic-write.ts';
import { InputError } from '../errors.ts';
import { type BinaryFile, openBinaryFile } from './binary-file.ts';
import { bfloat16ToFloat32, float32ToBfloat16, halfToFloat32 } from './half.ts';
import { parseJson } from './read-json.ts';

/**
 * safetensors (https://github.com/huggingface/safetensors): 8 bytes header length, a JSON header
 * name → { dtype, shape, data_offsets }, then the tensors' bytes, little-endian, without gaps.
 */

/** Bytes per element, and how an element type is brought into memory: 16-bit floats widen to float32, exactly. */
const elementTypes = {
  F64: { bytes: 8, load: (buffer: ArrayBuffer) => new Float64Array(buffer) },
  F32: { bytes: 4, load: (buffer: ArrayBuffer) => new Float32Array(buffer) },
  F16: { bytes: 2, load: (buffer: ArrayBuffer) => halfToFloat32(new Uint16Array(buffer)) },
  BF16: { bytes: 2, load: (buffer: ArrayBuffer) => bfloat16ToFloat32(new Uint16Array(buffer)) },
  I64: { bytes: 8, load: (buffer: ArrayBuffer) => new BigInt64Array(buffer) },
  I32: { bytes: 4, load: (buffer: ArrayBuffer) => new Int32Array(buffer) },
  U8: { bytes: 1, load: (buffer: ArrayBuffer) => new Uint8Array(buffer) },
  BOOL: { bytes: 1, load: (buffer: ArrayBuffer) => new Uint8Array(buffer) },
};

export type SafetensorsDType = keyof typeof elementTypes;
export type SafetensorsData = ReturnType<(typeof elementTypes)[SafetensorsDType]['load']>;

/** A tensor as a file holds it. F32, F16 and BF16 arrive as Float32Array. */
export interface StoredTensor {
  readonly data: SafetensorsData;
  readonly shape: readonly number[];
  readonly dtype: SafetensorsDType;
}

export interface SafetensorsEntry {
  readonly dtype: SafetensorsDType;
  readonly shape: readonly number[];
  /** First byte and byte after the last, from the start of the data. */
  readonly data_offsets: readonly [number, number];
}

/** An open file: its table of contents, and its tensors one at a time. */
export interface SafetensorsFile {
  readonly path: string;
  readonly entries: ReadonlyMap<string, SafetensorsEntry>;
  readonly metadata: Readonly<Record<string, string>>;
  /** @throws InputError when the file has no tensor of that name. */
  read(name: string): Promise<StoredTensor>;
  close(): Promise<void>;
}

const whole = z.int().nonnegative();
const entrySchema = z.strictObject({
  dtype: z.enum(Object.keys(elementTypes) as [SafetensorsDType]),
  shape: z.array(whole),
  data_offsets: z.tuple([whole, whole]),
});
const headerSchema = z
  .looseObject({ __metadata__: z.record(z.string(), z.string()).default({}) })
  .catchall(entrySchema);

/**
 * Opens a safetensors file and checks its header against its length; tensors are read when asked for.
 * @throws InputError naming the file: missing, truncated, a bad header, overlapping or wrong offsets, an unknown dtype.
 */
export async function openSafetensors(path: string): Promise<SafetensorsFile> {
  const file = await openBinaryFile(path);
  try {
    const { entries, metadata, dataStart } = await readHeader(file);
    const read = async (name: string): Promise<StoredTensor> => {
      const entry = entries.get(name);
      if (entry === undefined) throw new InputError(`${path} has no tensor "${name}"`);
      const [start, end] = entry.data_offsets;
      const bytes = await file.read(dataStart + start, end - start);
      return { data: elementTypes[entry.dtype].load(bytes), shape: entry.shape, dtype: entry.dtype };
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

async function readHeader(file: BinaryFile) {
  if (file.size < 8) throw new InputError(`${file.path} is truncated: ${file.size} bytes hold no header`);
  const length = new DataView(await file.read(0, 8)).getBigUint64(0, true);
  if (length > BigInt(file.size - 8)) {
    throw new InputError(
      `${file.path} is truncated or no safetensors file: its header should be ${length} bytes, the file has ${file.size}`,
    );
  }
  const text = Buffer.from(await file.read(8, Number(length))).toString('utf8');
  const { __metadata__: metadata, ...table } = parseJson(text, headerSchema, `${file.path} (header)`);
  const entries = new Map(Object.entries(table as Record<string, SafetensorsEntry>));
  const dataStart = 8 + Number(length);
  checkOffsets(entries, file, dataStart);
  return { entries, metadata, dataStart };
}

/** Every tensor must be as long as its shape says, begin where the one before ends, and the last end with the file. */
function checkOffsets(entries: ReadonlyMap<string, SafetensorsEntry>, file: BinaryFile, dataStart: number) {
  const inOrder = [...entries].sort(
    ([, a], [, b]) => a.data_offsets[0] - b.data_offsets[0] || a.data_offsets[1] - b.data_offsets[1],
  );
  let position = 0;
  for (const [name, { data_offsets, shape, dtype }] of inOrder) {
    const [start, end] = data_offsets;
    const bytes = elementCount(shape) * elementTypes[dtype].bytes;
    if (end - start !== bytes) {
      throw new InputError(
        `${file.path}: tensor "${name}" of shape [${shape}] in ${dtype} needs ${bytes} bytes, its offsets hold ${end - start}`,
      );
    }
    if (start !== position) {
      const fault =
        start < position ? 'overlaps the tensor before it' : 'leaves a gap after the tensor before it';
      throw new InputError(
        `${file.path}: tensor "${name}" at offset ${start} ${fault} (which ends at ${position})`,
      );
    }
    position = end;
  }
  if (dataStart + position > file.size) {
    throw new InputError(
      `${file.path} is truncated: it has ${file.size} bytes, its header promises ${dataStart + position}; download it again`,
    );
  }
  if (dataStart + position < file.size) {
    throw new InputError(
      `${file.path} is ${file.size} bytes long, but its header accounts for ${dataStart + position}`,
    );
  }
}

/**
 * Writes float tensors as a safetensors file, crash-safe; keys keep their order.
 * `dtype` BF16 halves the file, rounding to nearest, ties to even.
 */
export async function writeSafetensors(
  path: string,
  tensors: Readonly<Record<string, { readonly data: Float32Array; readonly shape: readonly number[] }>>,
  options: { readonly dtype?: 'F32' | 'BF16'; readonly metadata?: Readonly<Record<string, string>> } = {},
): Promise<void> {
  const { dtype = 'F32', metadata = { format: 'pt' } } = options;
  const header: Record<string, unknown> = { __metadata__: metadata };
  let position = 0;
  for (const [name, { data, shape }] of Object.entries(tensors)) {
    if (elementCount(shape) !== data.length) {
      throw new RangeError(`tensor "${name}" of shape [${shape}] has ${data.length} values`);
    }
    const end = position + data.length * elementTypes[dtype].bytes;
    header[name] = { dtype, shape, data_offsets: [position, end] };
    position = end;
  }
  await writeFileAtomic(path, fileChunks(header, Object.values(tensors), dtype));
}

function* fileChunks(
  header: object,
  tensors: readonly { readonly data: Float32Array }[],
  dtype: 'F32' | 'BF16',
): Iterable<Uint8Array> {
  const json = Buffer.from(JSON.stringify(header));
  // Spaces after the header keep the data 8-byte aligned, for readers that map the file.
  const padded = Buffer.alloc(Math.ceil(json.length / 8) * 8, ' ');
  json.copy(padded);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(padded.length));
  yield length;
  yield padded;
  for (const { data } of tensors) {
    const values = dtype === 'BF16' ? float32ToBfloat16(data) : data;
    yield new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  }
}

function elementCount(shape: readonly number[]): number {
  return shape.reduce((count, axis) => count * axis, 1);
}
