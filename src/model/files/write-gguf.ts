import { writeFileAtomic } from '../../io/atomic-write.ts';
import { type EncodedType, encodedBytes, encodeTensor, type TensorToWrite } from './encode-floats.ts';
import { elementCount } from './safetensors-header.ts';

/**
 * A value of GGUF metadata. A text, a boolean and a list of texts stand for themselves; numbers name their type, since
 * readers insist on it.
 */
export type GgufValue =
  | string
  | boolean
  | readonly string[]
  | { readonly uint32: number }
  | { readonly float32: number }
  | { readonly bools: readonly boolean[] }
  | { readonly int32s: readonly number[] }
  | { readonly float32s: readonly number[] };

/** A tensor with the type that it gets in the file. */
export interface GgufTensorToWrite extends TensorToWrite {
  readonly type: EncodedType;
}

/** Ids of element types and of value types, as ggml.h and gguf.h number them. */
const tensorTypes: Readonly<Record<EncodedType, number>> = { F32: 0, F16: 1, Q8_0: 8, BF16: 30 };
const UINT32 = 4;
const INT32 = 5;
const FLOAT32 = 6;
const BOOL = 7;
const STRING = 8;
const ARRAY = 9;

/** Tensors begin at multiples of this. */
const ALIGNMENT = 32;

/**
 * Writes a GGUF file (version 3, little-endian, https://github.com/ggml-org/ggml/blob/master/docs/gguf.md), crash-safe:
 * metadata and tensors in their order, reading one tensor at a time.
 * @throws InputError naming the tensor when its type can't hold a value; RangeError when one is not as long as its
 * shape.
 */
export async function writeGguf(
  path: string,
  metadata: Readonly<Record<string, GgufValue>>,
  tensors: readonly GgufTensorToWrite[],
): Promise<void> {
  await writeFileAtomic(path, fileChunks(header(metadata, tensors), tensors));
}

async function* fileChunks(head: Buffer, tensors: readonly GgufTensorToWrite[]): AsyncIterable<Uint8Array> {
  yield head;
  yield padding(head.length);
  for (const tensor of tensors) {
    const bytes = await encodeTensor(tensor, tensor.type);
    yield bytes;
    yield padding(bytes.length);
  }
}

function header(
  metadata: Readonly<Record<string, GgufValue>>,
  tensors: readonly GgufTensorToWrite[],
): Buffer {
  const parts = [Buffer.from('GGUF'), u32(3), u64(tensors.length), u64(Object.keys(metadata).length)];
  for (const [key, value] of Object.entries(metadata)) parts.push(text(key), ...typed(value));
  let offset = 0;
  for (const { name, shape, type } of tensors) {
    // ggml counts axes from the fastest.
    const axes = [...shape].reverse().map(u64);
    parts.push(text(name), u32(axes.length), ...axes, u32(tensorTypes[type]), u64(offset));
    const bytes = encodedBytes(type, elementCount(shape));
    offset += bytes + padding(bytes).length;
  }
  return Buffer.concat(parts);
}

function typed(value: GgufValue): Buffer[] {
  if (typeof value === 'string') return [u32(STRING), text(value)];
  if (typeof value === 'boolean') return [u32(BOOL), Buffer.of(Number(value))];
  if ('uint32' in value) return [u32(UINT32), u32(value.uint32)];
  if ('float32' in value) return [u32(FLOAT32), bytesOf(Float32Array.of(value.float32))];
  if ('bools' in value) return list(BOOL, value.bools.length, [Buffer.from(value.bools.map(Number))]);
  if ('int32s' in value) return list(INT32, value.int32s.length, [bytesOf(Int32Array.from(value.int32s))]);
  if ('float32s' in value)
    return list(FLOAT32, value.float32s.length, [bytesOf(Float32Array.from(value.float32s))]);
  return list(STRING, value.length, value.map(text));
}

const list = (type: number, length: number, items: readonly Buffer[]): Buffer[] => [
  u32(ARRAY),
  u32(type),
  u64(length),
  ...items,
];

const padding = (length: number): Buffer => Buffer.alloc((ALIGNMENT - (length % ALIGNMENT)) % ALIGNMENT);

const bytesOf = (numbers: Float32Array | Int32Array): Buffer => Buffer.from(numbers.buffer);

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([u64(bytes.length), bytes]);
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}
