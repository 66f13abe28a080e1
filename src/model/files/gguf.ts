import { GGMLQuantizationType, gguf, type MetadataValue } from '@huggingface/gguf';
import { InputError } from '../../errors.ts';
import { type BinaryFile, openBinaryFile } from '../../io/binary-file.ts';
import { quantType, supportedQuantTypes } from './gguf-dequantise.ts';
import { bytesOf, type RowRange } from './row-range.ts';

/** A tensor's place in a GGUF file. */
interface GgufTensor {
  /** Element type by its GGUF name, such as "Q4_1". */
  readonly type: string;
  /** Row-major, rows first: ggml's `ne` reversed. */
  readonly shape: readonly number[];
  /** First byte, from the start of the file. */
  readonly position: number;
}

export type GgufMetadata = Readonly<Record<string, MetadataValue>>;

/** An open GGUF file: metadata, table of tensors, and the tensors one at a time. */
export interface GgufFile {
  readonly path: string;
  readonly metadata: GgufMetadata;
  readonly tensors: ReadonlyMap<string, GgufTensor>;
  /**
   * Dequantises a tensor, or some of its rows, to float32, bit-exact with gguf-py, in the file's own row order.
   * @throws InputError when there is no such tensor, its type is not supported, or the file is truncated.
   */
  read(name: string, rows?: RowRange): Promise<Float32Array>;
  close(): Promise<void>;
}

/**
 * Opens a GGUF file; of a model that is split into several, whichever is named, all of them as one.
 * @throws InputError naming the file when it is missing, not GGUF, big-endian or truncated, or a part of a split model
 * is.
 */
export async function openGguf(path: string): Promise<GgufFile> {
  const file = await openPart(path);
  const parts = partsOf(file);
  if (parts.length === 1) return file;
  await file.close();
  return joined(await openParts(parts));
}

async function openPart(path: string): Promise<GgufFile> {
  const file = await openBinaryFile(path);
  try {
    const { metadata, tensors } = await readHeader(file);
    for (const [name, tensor] of tensors) checkExtent(file, name, tensor);
    return {
      path,
      metadata,
      tensors,
      read: (name, rows) => readTensor(file, tensors.get(name), { name, rows }),
      close: file.close,
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/**
 * The files that a file's model is split into, by llama.cpp's names for them.
 * @throws InputError when it has another name.
 */
function partsOf({ path, metadata }: GgufFile): string[] {
  const count = Number(metadata['split.count'] ?? 1);
  if (count <= 1) return [path];
  const [, name, of] = splitName.exec(path) ?? [];
  const five = (n: number) => String(n).padStart(5, '0');
  const nameOf = (part: number) => `-${five(part)}-of-${five(count)}.gguf`;
  if (name !== undefined && Number(of) === count)
    return Array.from({ length: count }, (_, i) => `${name}${nameOf(i + 1)}`);
  const part = Number(metadata['split.no'] ?? 0) + 1;
  throw new InputError(
    `${path} is part ${part} of ${count} of a split model, whose parts are named NAME${nameOf(1)} and so on; name them so, in one folder, or join them by llama.cpp's llama-gguf-split --merge FIRST_PART OUT.gguf`,
  );
}

/** NAME-00001-of-00003.gguf */
export const splitName = /^(.*)-\d{5}-of-(\d{5})\.gguf$/s;

async function openParts(paths: readonly string[]): Promise<GgufFile[]> {
  const files: GgufFile[] = [];
  try {
    for (const path of paths) files.push(await openPart(path));
  } catch (error) {
    for (const file of files) await file.close();
    if (!(error instanceof InputError)) throw error;
    throw new InputError(`${error.message} (the model is split; this is one of ${paths.length} parts)`);
  }
  return files;
}

/** The first part has the metadata, each its own tensors. */
function joined(files: readonly GgufFile[]): GgufFile {
  const places = new Map(
    files.flatMap((file) => [...file.tensors.keys()].map((name) => [name, file] as const)),
  );
  const { path, metadata } = files[0]!;
  return {
    path,
    metadata,
    tensors: new Map(files.flatMap((file) => [...file.tensors])),
    read: (name, rows) => (places.get(name) ?? files[0]!).read(name, rows),
    close: async () => {
      for (const file of files) await file.close();
    },
  };
}

async function readHeader(file: BinaryFile) {
  const header = await gguf(file.path, { allowLocalFile: true }).catch((error: unknown) => {
    throw new InputError(
      `${file.path} is not a readable GGUF file: ${error instanceof Error ? error.message : error}`,
    );
  });
  if (!header.littleEndian) throw new InputError(`${file.path} is big-endian GGUF, which is not supported`);
  const dataStart = Number(header.tensorDataOffset);
  // The parser reads zeros past the end, so a header cut short shows by its data starting outside the file.
  if (dataStart > file.size) {
    throw new InputError(
      `${file.path} is truncated: it has ${file.size} bytes, its header alone needs ${dataStart}; download it again`,
    );
  }
  const tensors = new Map<string, GgufTensor>();
  for (const { name, dtype, shape, offset } of header.tensorInfos) {
    const type = GGMLQuantizationType[dtype] ?? `type ${dtype}`;
    tensors.set(name, { type, shape: shape.map(Number).reverse(), position: dataStart + Number(offset) });
  }
  return { metadata: Object.fromEntries<MetadataValue>(Object.entries(header.metadata)), tensors };
}

/** Bytes of a tensor; undefined when its type is not supported, no whole number when its rows are not whole blocks. */
function byteLength({ type, shape }: GgufTensor): number | undefined {
  const block = quantType(type);
  if (block === undefined) return undefined;
  const [columns = 1] = shape.slice(-1);
  return columns % block.blockElements === 0
    ? (elementCount(shape) / block.blockElements) * block.blockBytes
    : Number.NaN;
}

function checkExtent(file: BinaryFile, name: string, tensor: GgufTensor): void {
  const end = tensor.position + (byteLength(tensor) ?? 0);
  if (!Number.isInteger(end)) {
    throw new InputError(
      `${file.path}: tensor "${name}" of shape [${tensor.shape}] is not whole ${tensor.type} blocks`,
    );
  }
  if (end > file.size) {
    throw new InputError(
      `${file.path} is truncated: it has ${file.size} bytes, tensor "${name}" ends at ${end}; download it again`,
    );
  }
}

async function readTensor(
  file: BinaryFile,
  tensor: GgufTensor | undefined,
  { name, rows }: { readonly name: string; readonly rows: RowRange | undefined },
): Promise<Float32Array> {
  if (tensor === undefined) throw new InputError(`${file.path} has no tensor "${name}"`);
  const part = bytesOf({ bytes: byteLength(tensor) ?? 0, shape: tensor.shape }, rows);
  const raw = await file.read(tensor.position + part.start, part.length);
  return dequantise(raw, tensor.type, `${file.path}: tensor "${name}"`);
}

/**
 * Decodes the raw bytes of a tensor to float32.
 * @throws InputError naming the type when it is not supported; `where` says which tensor it was.
 */
export function dequantise(raw: ArrayBuffer, type: string, where: string): Float32Array {
  const block = quantType(type);
  if (block === undefined) {
    const known = supportedQuantTypes.join(', ');
    throw new InputError(`${where} is ${type}, which is not supported; supported types: ${known}`);
  }
  return block.dequantise(raw);
}

function elementCount(shape: readonly number[]): number {
  return shape.reduce((count, axis) => count * axis, 1);
}
